/** Messages between the gateway and the thread of the web page. */
import type { WebConfig } from '../config/web-config.ts';

/** Input of the thread. */
export interface WebThreadInput {
  readonly web: WebConfig;
  readonly controlSocket: string;
  readonly gateway: string;
  readonly version: string;
}

/** State of the page. `down`: the page cannot be reached, and the thread tries again every minute. */
export type WebThreadReport =
  | { readonly kind: 'listening'; readonly host: string; readonly port: number }
  | { readonly kind: 'down'; readonly what: string; readonly hint: string };
