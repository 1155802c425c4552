/** Keys whose values must not be shown: `token`, `api_key`, `app_token`, `secret_token`, `webhook_secret`, … */
export function isSecretKey(key: string): boolean {
  return /(?:^|_)(?:token|key|secret|password)$/.test(key);
}
