export const EXAMPLES = `Examples:
  my-bot server --init          make ~/.my-bot if need be, serve it, and chat here
  my-bot chat                   talk to the bot, with or without a server
  echo "what time is it" | my-bot chat
  my-bot init --provider openai-compatible --model qwen3:8b --api-base http://127.0.0.1:11434/v1
  my-bot -w ./work status --json
  my-bot outbox                 what waits, and what was given up
  my-bot outbox retry 1234      try it again`;

export const EXIT_CODES = `Exit codes:
  0   all is well
  1   something is wrong (status, doctor: they say what), or it did not work
  2   the command was written wrongly
  3   no server is running in this workspace
  78  the configuration has a mistake`;
