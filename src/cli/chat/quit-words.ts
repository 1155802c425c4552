const QUIT_WORDS = new Set(["/quit", "/exit", "quit", "exit", "q"]);

/** What ends a conversation at a terminal, or a piped one before its last line. */
export const isQuitWord = (text: string) => QUIT_WORDS.has(text.trim().toLowerCase());
