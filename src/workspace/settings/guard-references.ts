/**
 * `${NAME}` may stand anywhere in a value, also in `{ token: ${NAME} }`, where YAML takes the braces for its own. So
 * before YAML reads the file, the characters of a reference that mean something to YAML are moved into a private part
 * of Unicode that the file does not use, one for one (positions stay), and back afterwards.
 */
export interface GuardedText {
  readonly text: string;
  restore(text: string): string;
}

const REFERENCE = /\$?\$\{[^}\n]*\}/g;
const INDICATORS = /[{}[\],:#&*!|>%@`?]/g;
const PRIVATE_START = 0xe000;
const PRIVATE_END = 0xf8ff;
const ASCII = 0x80;

export function guardReferences(source: string): GuardedText {
  const base = unusedBlock(source);
  const moved = (char: string) => String.fromCharCode(base + char.charCodeAt(0));
  const block = new RegExp(
    `[\\u{${base.toString(16)}}-\\u{${(base + ASCII - 1).toString(16)}}]`,
    "gu",
  );
  return {
    text: source.replace(REFERENCE, (reference) => reference.replace(INDICATORS, moved)),
    restore: (text) =>
      text.replace(block, (char) => String.fromCharCode(char.charCodeAt(0) - base)),
  };
}

function unusedBlock(source: string): number {
  for (let base = PRIVATE_START; base + ASCII <= PRIVATE_END; base += ASCII) {
    const isUsed = [...source].some((char) => {
      const code = char.charCodeAt(0);
      return code >= base && code < base + ASCII;
    });
    if (!isUsed) return base;
  }
  throw new RangeError("Cannot read the file: it uses every private character of Unicode");
}
