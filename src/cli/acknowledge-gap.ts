/** `holdfast acknowledge-gap`: marks possibly missed downlinks as handled. */
import { EXIT } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';

/** @throws Fault `command-rejected` if there is no gap */
export async function acknowledgeGap(context: CommandContext): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  await give(controlSocket, 'gap.acknowledge', {});
  if (context.asJson) printJson(context, 'acknowledged', { acknowledged: true });
  else context.terminal.print('Acknowledged. The condition downlink-gap is cleared.');
  return EXIT.ok;
}
