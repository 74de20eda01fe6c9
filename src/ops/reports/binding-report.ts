/** What the orders `hub.bind`, `hub.unbind` and `hub.describe` answer, and how it is read off the  */

import type { HubIdentity } from '../../base/hub-identity.ts';
import type { GatewayView } from '../gateway-view.ts';
import type { SubdeviceReport } from './report.ts';

type BindingWord = NonNullable<SubdeviceReport['binding']>;

/** `hub.bind`, `hub.unbind`: one for each that was named, in that order. */
export interface BindingOutcomes {
  readonly outcomes: readonly BindingOutcome[];
}

export interface BindingOutcome {
  /** As it was named. */
  readonly subdevice: string;
  readonly hubIdentity: string;
  /** Is what was asked for the case now? */
  readonly done: boolean;
  /** Of the hub; `null`: it was not asked, or did not answer. */
  readonly code: number | null;
  /** Without a full stop. */
  readonly sentence: string;
  readonly remedy: string | null;
}

/** `hub.describe` */
export interface BindingsReport {
  /** The hub gave its list just now; else this is what was known before. */
  readonly answered: boolean;
  /** Configured ones. */
  readonly bindings: readonly SubdeviceBinding[];
  /** Bound to this gateway and not configured: `product/device`. */
  readonly unconfiguredDevices: readonly string[];
}

export interface SubdeviceBinding {
  readonly subdevice: string;
  readonly hubIdentity: string;
  readonly binding: BindingWord;
  /** Why it is unbound, without a full stop; `null` unless it is. */
  readonly sentence: string | null;
  readonly remedy: string | null;
  /** For how long it has been unbound. */
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

/** Of every configured subdevice, and who is bound besides. */
export function bindingHealth(gateway: GatewayView): Omit<BindingsReport, 'answered'> {
  return { bindings: subdeviceBindings(gateway), unconfiguredDevices: strangersAt(gateway) };
}

/** The hub has been told that they are online, and says nothing; and for how long. */
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

function strangersAt({ operations }: GatewayView): string[] {
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
