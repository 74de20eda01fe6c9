/** Finds the gateway: its socket, and its files for when it does not run. */
import { type Places, placesIn } from '../config/places.ts';
import { type Answers, ask } from '../ops/control-client.ts';
import { type CommandContext, readConfigText } from './context.ts';

/** A configuration that cannot be read leaves the usual places: the gateway may run all the same. */
export async function locateGateway(context: CommandContext): Promise<Places> {
  const text = await readConfigText(context.configPath).catch(() => undefined);
  const places = placesIn(text);
  return context.socketPath === undefined ? places : { ...places, controlSocket: context.socketPath };
}

/** @throws Fault `not-running` */
export async function askRunning<Path extends keyof Answers>(
  context: CommandContext,
  path: Path,
): Promise<Answers[Path]> {
  const { controlSocket } = await locateGateway(context);
  const asked = await ask(controlSocket, path);
  if (asked.kind === 'absent') throw asked.fault;
  return asked.report;
}
