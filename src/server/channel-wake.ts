/** What an OutboundEvent waits for while its channel cannot send. */
export const channelWake = (name: string) => `channel:${name}`;
