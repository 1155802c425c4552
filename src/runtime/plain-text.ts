/**
 * Without anything that could steer a terminal: control characters (with them every escape sequence, and "\r"), and
 * marks that turn the direction of the text around. Line breaks and tabs stay.
 */
export const plainText = (text: string) =>
  text.replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, "");

/** JSON on one line in which every such character is escaped: whoever parses it gets the same value. */
export const plainJson = (value: unknown, indent?: number) =>
  JSON.stringify(value, undefined, indent).replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
