/**
 * How far each conversation of a platform was read, for platforms that confirm nothing themselves (Discord).
 * A mark only moves over messages that are durable. It may lag behind them: what is read twice is stopped by its key.
 */
export interface ConversationMarks {
  get(conversation: string): string | undefined;
  /** Written to disk soon; a mark that is lost in a crash costs a second reading, never a message. */
  set(conversation: string, messageId: string): void;
  /** Forgets a conversation that is not to be read any more. */
  delete(conversation: string): void;
  /** Resolves when what was set is on disk, or could not be written: that is logged, and tried again by itself. */
  flush(): Promise<void>;
  entries(): readonly (readonly [conversation: string, messageId: string])[];
}
