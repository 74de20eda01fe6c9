/** Answers of the commands `hub.bind`, `hub.unbind` and `hub.describe`, and the bindings for conditions. */

import type { HubIdentity } from '../../base/hub-identity.ts';
import type { GatewayView } from '../gateway-view.ts';
import type { SubdeviceReport } from './report.ts';

type BindingWord = NonNullable<SubdeviceReport['binding']>;

/** Answer of `hub.bind` and `hub.unbind`: one outcome per named subdevice, in that order. */
export interface BindingOutcomes {
  readonly outcomes: readonly BindingOutcome[];
}

export interface BindingOutcome {
  /** Name used in the command. */
  readonly subdevice: string;
  readonly hubIdentity: string;
  /** True if the requested state is reached. */
  readonly done: boolean;
  /** Result code of the hub; `null`: not asked, or no answer. */
  readonly code: number | null;
  /** Sentence without a full stop. */
  readonly sentence: string;
  readonly remedy: string | null;
}

/** Answer of `hub.describe`. */
export interface BindingsReport {
  /** The hub sent its list; otherwise this is the last known state. */
  readonly answered: boolean;
  /** Bindings of the configured subdevices. */
  readonly bindings: readonly SubdeviceBinding[];
  /** Devices bound to this gateway and not configured, as `product/device`. */
  readonly unconfiguredDevices: readonly string[];
}

export interface SubdeviceBinding {
  readonly subdevice: string;
  readonly hubIdentity: string;
  readonly binding: BindingWord;
  /** Reason why the subdevice is unbound, without a full stop; `null`: not unbound. */
  readonly sentence: string | null;
  readonly remedy: string | null;
  /** Time unbound, ms; `null`: not unbound. */
  readonly forMs: number | null;
}

export function bindingWord({ operations }: GatewayView, identity: HubIdentity | undefined): BindingWord | null {
  if (identity === undefined || operations === undefined) return null;
  return operations.bindings.of(identity)?.binding ?? 'unknown';
}

/** `product/device` */
export function identityWords({ productId, deviceName }: HubIdentity): string {
  return `${productId}/${deviceName}`;
}

/** Bindings of every configured subdevice, and devices that are bound and not configured. */
export function bindingHealth(gateway: GatewayView): Omit<BindingsReport, 'answered'> {
  return { bindings: subdeviceBindings(gateway), unconfiguredDevices: unconfiguredAt(gateway) };
}

/** Subdevices announced as online without an answer of the hub, and the time since. */
export function unconfirmedSubdevices(gateway: GatewayView): { readonly subdevices: readonly string[]; forMs: number } {
  const { config, clock } = gateway;
  const unconfirmed = gateway.operations?.unconfirmed() ?? [];
  const names = new Map(
    config.subdevices.map(({ id, hubIdentity }) => [hubIdentity && identityWords(hubIdentity), id]),
  );
  return {
    subdevices: unconfirmed.map(({ identity }) => names.get(identityWords(identity)) ?? identityWords(identity)),
    forMs: Math.max(0, ...unconfirmed.map(({ sinceMs }) => clock.nowMs() - sinceMs)),
  };
}

function unconfiguredAt({ operations }: GatewayView): string[] {
  return (operations?.bindings.unconfiguredDevices ?? []).map(identityWords);
}

function subdeviceBindings(gateway: GatewayView): SubdeviceBinding[] {
  const { config, clock } = gateway;
  const nowMs = clock.nowMs();
  return config.subdevices.flatMap(({ id, hubIdentity }) => {
    const binding = bindingWord(gateway, hubIdentity);
    if (hubIdentity === undefined || binding === null) return [];
    const unbound = gateway.operations?.bindings.of(hubIdentity)?.unbound;
    return [
      {
        subdevice: id,
        hubIdentity: identityWords(hubIdentity),
        binding,
        sentence: unbound?.sentence ?? null,
        remedy: unbound?.remedy.replace('ID', id) ?? null,
        forMs: unbound === undefined ? null : nowMs - unbound.sinceMs,
      },
    ];
  });
}
