import type { BotIdentity, WireMessage } from "./update.ts";

/** Whether a message in a group is meant for the bot: it is named, or something it wrote is answered. */
export function isAddressed(message: WireMessage, me: BotIdentity): boolean {
  const replied = message.reply_to_message;
  if (replied?.from?.id === me.id && replied.forum_topic_created === undefined) return true;
  const text = message.text ?? message.caption ?? "";
  const entities = message.text === undefined ? message.caption_entities : message.entities;
  // Telegram marks every mention; another Bot API server may mark nothing.
  if (!entities) return mentions(text, me);
  return entities.some(({ type, offset, length, user }) => {
    if (type === "text_mention") return user?.id === me.id;
    return (
      (type === "mention" || type === "bot_command") &&
      mentions(text.slice(offset, offset + length), me)
    );
  });
}

const mentions = (text: string, me: BotIdentity): boolean =>
  (text.match(/@\w+/g) ?? []).some((name) => sameName(name.slice(1), me));

const sameName = (name: string, me: BotIdentity): boolean =>
  name.toLowerCase() === me.username.toLowerCase();

/** "/help@ThisBot x" → "/help x". Undefined for a command that another bot is asked for. */
export function withoutOwnName(text: string, me: BotIdentity): string | undefined {
  const command = /^(\/[a-z0-9_]+)@(\w+)/i.exec(text);
  if (!command) return text;
  const [all, name = "", bot = ""] = command;
  return sameName(bot, me) ? name + text.slice(all.length) : undefined;
}
