/** Groups of the control sockets, from the configuration. A socket that cannot be opened to its group is reported. */
import type { Config } from '../config/schema.ts';
import type { Journal } from '../io/journal.ts';
import type { SocketAccess } from '../io/socket-access.ts';

export interface SocketGroups {
  readonly control: SocketAccess;
  readonly administration: SocketAccess;
}

export function socketAccess(
  { controlGroup, adminGroup }: Pick<Config['gateway'], 'controlGroup' | 'adminGroup'>,
  journal: Pick<Journal, 'warn'>,
): SocketGroups {
  const access = (key: string, socket: string, group: string | undefined): SocketAccess => ({
    group,
    stayedClosed: ({ what, hint }) =>
      journal.warn(`${key}: ${what}. The ${socket} socket is open to root and to the user of the gateway only`, {
        hint,
      }),
  });
  return {
    control: access('gateway.control_group', 'control', controlGroup),
    administration: access('gateway.admin_group', 'administrative', adminGroup),
  };
}
