// Loaded before a server whose clock is to be wrong: `node --import`.
// biome-ignore lint/style/noProcessEnv: a preload has no other way to be told.
const offsetMs = Number(process.env.CLOCK_OFFSET_MS ?? 0);
const RealDate = Date;
const now = () => RealDate.now() + offsetMs;

globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args));
  }
  static now = now;
};
