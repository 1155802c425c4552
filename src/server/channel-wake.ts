/** What an OutboundEvent waits for while its channel cannot send. */
export const channelWake = (name: string) => `channel:${name}`;

/** What a delivery waits for while too many others wait for the bot's pace. */
export const paceWake = (channel: string): string => `pace:${channel}`;
