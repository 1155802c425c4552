// Who may import whom. test/architecture.test.ts runs this, proves that every file was seen, and plants a fault for
// each rule. Paths are regular expressions; `$1` is what the first group of `from` matched.

/** A folder may import itself and the folders of every row above it here, nothing else: not its own row either. */
const ROWS = [
  ["runtime"],
  ["events", "workspace", "protocol"],
  ["channels", "providers", "sessions", "schedules", "client"],
  ["agents"],
  ["commands", "gateway"],
  ["config"],
  ["server"],
  ["cli"],
];

const rule = (name, comment, edge) => ({ name, comment, severity: "error", ...edge });

const layers = ROWS.flatMap((row, index) =>
  row.map((folder) => {
    const allowed = [folder, ...ROWS.slice(0, index).flat()];
    return rule(
      `layer-${folder}`,
      `${folder}/ may import ${allowed.map((name) => `${name}/`).join(", ")}.`,
      {
        from: { path: `^src/${folder}/` },
        to: { path: "^src/", pathNot: allowed.map((name) => `^src/${name}/`) },
      },
    );
  }),
);

const ADAPTER = "^src/(channels|providers)/([^/]+)/";
/**
 * The composition root (server.ts, what it is given, and the parts it is cut into), and what stands outside the
 * server: the command line, and the toolkit's one public file.
 */
const ROOTS = "server/(server|server-deps|compose-[^/]+)[.]ts$|cli/|index[.]ts$";

const adapters = [
  rule(
    "adapters-are-strangers",
    "telegram/ must not know discord/: what two of them share belongs beside their port.",
    { from: { path: ADAPTER }, to: { path: "^src/$1/[^/]+/", pathNot: "^src/$1/$2/" } },
  ),
  rule(
    "only-roots-name-an-adapter",
    "Everyone else sees channel.ts and provider.ts. The configuration composes the option schemas; doctor and the toolkit make adapters without a server.",
    {
      from: {
        path: "^src/",
        pathNot: `^src/((channels|providers)/([^/]+/|create-)|config/|gateway/socket[.]ts$|server/control/|${ROOTS})`,
      },
      to: { path: "^src/(channels|providers)/([^/]+/|create-)" },
    },
  ),
  rule(
    "gateway-names-only-websocket",
    "The gateway's sockets are a channel like any other; it must not know another one.",
    { from: { path: "^src/gateway/" }, to: { path: "^src/channels/(?!websocket/)[^/]+/" } },
  ),
  rule(
    "control-names-only-terminal",
    "Whoever chats through the control socket sits at a terminal; other channels are none of its business.",
    {
      from: { path: "^src/server/control/" },
      to: {
        path: "^src/(channels/(?!terminal/)[^/]+/|providers/[^/]+/|[^/]+/create-(channel|model))",
      },
    },
  ),
  rule(
    "client-libraries-stay-in-their-adapter",
    "A platform's words are translated at its edge, and its library costs memory only where its channel is configured.",
    {
      from: { path: "^src/", pathNot: "^src/(channels|providers)/[^/]+/" },
      to: { path: "node_modules/(grammy|discord[.]js|@ai-sdk/(?!provider/))" },
    },
  ),
];

const server = [
  rule(
    "workers-meet-only-on-the-bus",
    "A worker must not import another worker; it may have helper files of its own.",
    {
      from: { path: "^src/server/[^/]+-worker[.]ts$" },
      to: { path: "^src/server/[^/]+-worker[.]ts$" },
    },
  ),
  rule(
    "only-workers-touch-the-bus",
    "Agents, commands and channels return values; workers publish them. The command line opens the store of a stopped server.",
    {
      from: { path: "^src/", pathNot: "^src/(events/|server/|gateway/|cli/|index[.]ts$)" },
      to: { path: "^src/events/(event-bus|event-store|bus/|file-)" },
    },
  ),
  rule(
    "config-sees-only-options",
    "A schema needs option schemas, not the code behind them: loading it must load no client library.",
    {
      from: { path: "^src/config/" },
      to: {
        path: "^src/(channels|providers|sessions|schedules|agents|commands|gateway)/",
        pathNot: "/options[.]ts$",
      },
    },
  ),
  rule(
    "parts-of-the-root-are-its-own",
    "compose-*.ts may name everything, so only the root may name them.",
    {
      from: { path: "^src/", pathNot: "^src/server/(server|compose-[^/]+)[.]ts$" },
      to: { path: "^src/server/compose-[^/]+[.]ts$" },
    },
  ),
  rule("config-is-read-at-the-top", "Below the composition root, take plain options.", {
    from: { path: "^src/", pathNot: `^src/(config/|${ROOTS})` },
    to: { path: "^src/config/" },
  }),
];

const everywhere = [
  rule("no-cycles", "Cycles of types count too.", { from: {}, to: { circular: true } }),
  rule("everything-is-wired-in", "What only a test can reach is no part of the product.", {
    from: { path: "^src/cli/main[.]ts$" },
    to: { path: "^src/", pathNot: "^src/index[.]ts$", reachable: false },
  }),
  rule("src-never-imports-test", "Tests and benchmarks use the product, not the other way round.", {
    from: { path: "^(src|web)/" },
    to: { path: "^(test|bench)/" },
  }),
  rule(
    "tests-do-not-need-the-benchmark",
    "It may use what they are made of, not the other way round.",
    {
      from: { path: "^test/" },
      to: { path: "^bench/" },
    },
  ),
  rule("web-sees-only-client-and-protocol", "The page runs in a browser.", {
    from: { path: "^web/" },
    to: { path: "^src/", pathNot: "^src/(client|protocol)/" },
  }),
  rule(
    "models-are-spoken-to-directly",
    "We speak the model interface of @ai-sdk/provider; the `ai` package would cost memory in every process.",
    { from: {}, to: { path: "(^|node_modules/)ai(/|$)" } },
  ),
  rule(
    "files-are-reached-through-file-ops",
    "Tests inject every fault through that port; a call past it is a fault that no test sees.",
    {
      from: { path: "^src/", pathNot: "^src/(runtime/file-ops[.]ts$|cli/)" },
      to: { path: "^(node:)?fs(/promises)?$|node_modules/write-file-atomic/" },
    },
  ),
];

module.exports = {
  forbidden: [...layers, ...adapters, ...server, ...everywhere],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
