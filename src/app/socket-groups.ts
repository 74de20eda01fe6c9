/** Groups of the control sockets, from the configuration. A socket that cannot be opened to its group is a condition. */
import type { Config } from '../config/schema.ts';
import type { Journal } from '../io/journal.ts';
import type { SocketAccess } from '../io/socket-access.ts';
import type { AccessTroubles } from '../ops/access-troubles.ts';

export interface SocketGroups {
  readonly control: SocketAccess;
  readonly administration: SocketAccess;
}

export function socketAccess(
  { controlGroup, adminGroup }: Pick<Config['gateway'], 'controlGroup' | 'adminGroup'>,
  troubles: AccessTroubles,
  journal: Pick<Journal, 'info' | 'warn'>,
): SocketGroups {
  const access = (
    key: string,
    way: 'control socket' | 'administrative socket',
    group: string | undefined,
  ): SocketAccess => ({
    group,
    stayedClosed: ({ what, hint }) => {
      const problem = `${key}: ${what}. The ${way} is open to root and to the user of the gateway only`;
      if (troubles.report(way, { code: 'socket-closed', sentence: `${problem}.`, hint }))
        journal.warn(problem, { hint });
    },
    opened: () => {
      troubles.end(way);
      journal.info(`the ${way} is open to its group now`);
    },
  });
  return {
    control: access('gateway.control_group', 'control socket', controlGroup),
    administration: access('gateway.admin_group', 'administrative socket', adminGroup),
  };
}
