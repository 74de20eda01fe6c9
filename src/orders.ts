/** What the administrative socket can have done, by name; each order checks its own body. */
import type { Gateway } from './gateway.ts';
import type { Orders } from './ops/administration.ts';

export function ordersFor(_gateway: Gateway): Orders {
  return {};
}
