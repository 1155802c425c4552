/** The package's checkers, made from Discord's own OpenAPI description; it has no types for them. */
declare module "discord-api-spec/zod" {
  import type { z } from "zod";

  export const ApplicationCommandResponseSchema: z.ZodType;
  export const GatewayBotResponseSchema: z.ZodType;
  export const MessageCreateRequestSchema: z.ZodType;
  export const MessageResponseSchema: z.ZodType;
  export const PrivateChannelResponseSchema: z.ZodType;
  export const UserPIIResponseSchema: z.ZodType;
}
