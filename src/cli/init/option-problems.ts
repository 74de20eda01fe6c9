/** Options of `holdfast init` that would have no effect: each is a usage error, because its author expects an effect. */
import { Fault } from '../../base/fault.ts';
import { countOf } from '../../ops/words.ts';
import type { InitOptions } from './init-answers.ts';

/** @throws Fault `usage` */
export function refuseIneffective(
  options: InitOptions,
  profile: string,
  { portCount, canAsk }: { readonly portCount: number; readonly canAsk: boolean },
): void {
  const isGeneric = profile === 'generic';
  const refuse = (option: string, hint: string): never => {
    throw new Fault('usage', `${option} has no effect with profile ${profile}`, { hint });
  };
  if (isGeneric && options.productId !== undefined) refuse('--product-id', HUB_OPTION);
  if (isGeneric && options.deviceName !== undefined) refuse('--device-name', HUB_OPTION);
  if (!isGeneric && options.username !== undefined)
    refuse('--username', 'Remove it: the gateway logs in by its product id and device name.');
  if (isGeneric && options.secretFile !== undefined && options.username === undefined && !canAsk)
    throw new Fault('usage', '--secret-file has no effect without --username', {
      hint: 'Add the MQTT user name of the password, or remove --secret-file.',
    });
  for (const text of options.subdevice) {
    const { product } = subdeviceOf(text);
    if (isGeneric && product !== undefined)
      refuse(`--subdevice ${text}`, 'Write the id only, or choose a hub with --profile intl or --profile mainland.');
  }
  if (options.subdevice.length > portCount)
    throw new Fault(
      'usage',
      `--subdevice is given ${countOf(options.subdevice.length, 'time')} for ${countOf(portCount, 'port')}`,
      { hint: 'Give one for each port: its first subdevice. Add a [[subdevice]] to the file for each of the others.' },
    );
}

const HUB_OPTION = 'Remove it, or choose the hub with --profile intl or --profile mainland.';

export interface SubdeviceOption {
  readonly id: string;
  readonly product: { readonly productId: string; readonly deviceName: string } | undefined;
}

/** @param text `ID` or `ID=PRODUCT/DEVICE`; @throws Fault `usage` */
export function subdeviceOf(text: string): SubdeviceOption {
  const [, id = '', rest, productId = '', deviceName = ''] = /^([^=]+)(=([^/]+)\/(.+))?$/.exec(text) ?? [];
  if (id === '')
    throw new Fault('usage', `--subdevice ${text} is not valid`, { hint: 'Write ID, or ID=PRODUCT/DEVICE.' });
  return { id, product: rest === undefined ? undefined : { productId, deviceName } };
}
