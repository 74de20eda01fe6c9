/** Catalogue of the conditions of the ways to the gateway: web page, metrics on TCP, control sockets. */
import type { ConditionEntry } from './condition-entry.ts';

export const ACCESS_CONDITIONS = {
  'web-not-listening': {
    meaning: 'The web page is configured and cannot be reached: its port, its token or its thread fails.',
    effect: 'None on messages. The page cannot be opened; the gateway tries again every minute.',
    remedy:
      'Follow the hint of the condition. For a port in use, find its program (sudo ss -ltnp) or name another port.',
    keys: ['web.listen', 'web.token_file'],
  },
  'metrics-not-listening': {
    meaning: 'Metrics on TCP are configured, and the gateway cannot listen on their address.',
    effect: 'None on messages. A scraper gets no answer; the gateway tries again every minute.',
    remedy: 'Find the program on this port (sudo ss -ltnp), or correct metrics.listen, then run holdfast config apply.',
    keys: ['metrics.listen'],
  },
  'socket-closed': {
    meaning: 'A control socket could not be opened to its group, so only root and the user of the gateway may use it.',
    effect:
      'None on messages. Other users cannot run the commands of this socket; the gateway tries again every minute.',
    remedy: 'Follow the hint of the condition: create the group, or let the user of the gateway assign it.',
    keys: ['gateway.control_group', 'gateway.admin_group', 'gateway.control_socket'],
  },
} as const satisfies Readonly<Record<string, ConditionEntry>>;
