/** `holdfast subdevices forget`: ends the session of a subdevice that is not in the configuration. */
import { EXIT } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import { countOf, printable } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';

/** @throws Fault `command-rejected`, `not-running` */
export async function forgetSubdevice(context: CommandContext, subdevice: string): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  const answer = (await give(controlSocket, 'subdevices.forget', { subdevice })) as { readonly discarded: number };
  if (context.asJson) printJson(context, 'subdevice-forgotten', answer);
  else
    context.terminal.print(
      `The session of ${printable(subdevice)} has ended; ${countOf(answer.discarded, 'downlink')} discarded.`,
    );
  return EXIT.ok;
}
