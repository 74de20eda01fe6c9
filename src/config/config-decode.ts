/**
 * Converts sections without problems to a `Config`, with keys in camel case. A default that depends on another key is
 * set in this file, or in `hub-config.ts` for the hub.
 */

import { driverNamed } from '../driver/drivers.ts';
import { decodeAvailability, decodePresenceMessages } from './availability-config.ts';
import { decodeEnvelopeNames } from './envelope-config.ts';
import { decodeFirmware } from './firmware-config.ts';
import { decodeHomeAssistant } from './home-assistant-config.ts';
import { decodeHub } from './hub/hub-config.ts';
import {
  GATEWAY,
  INBOX,
  LINK_KEYS,
  type LinkSection,
  OUTBOX,
  type OutboxSection,
  RECORDER,
  SUBDEVICE_DRIVER_KEYS,
  SUBDEVICE_KEYS,
  type SubdeviceSection,
} from './keys.ts';
import { camelKeys } from './kinds/camel-keys.ts';
import { decodeMetrics } from './metrics-config.ts';
import { decodeRemote } from './remote-keys.ts';
import type { Config, LinkConfig, SubdeviceConfig } from './schema.ts';
import type { Sections } from './sections.ts';
import { allowedOn } from './served-subdevices.ts';
import { decodeSharedTopics } from './shared-topic-config.ts';
import { decodeTelemetry } from './telemetry-config.ts';
import { decodeWeb } from './web-config.ts';

/** @param sections sections of a file without any problem */
export function decodeConfig(sections: Sections): Config {
  const { gateway, hub, outbox, inbox, recorder, metrics, web, telemetry, remote, links, subdevices } = sections;
  const { availability } = sections;
  return {
    gateway: camelKeys(gateway, GATEWAY.shape),
    hub: decodeHub(hub, gateway.name),
    outbox: { ...camelKeys(outbox, OUTBOX.shape), envelopeNames: decodeEnvelopeNames(outbox.envelope_names) },
    inbox: camelKeys(inbox, INBOX.shape),
    recorder: camelKeys(recorder, RECORDER.shape),
    web: decodeWeb(web),
    metrics: decodeMetrics(metrics),
    telemetry: decodeTelemetry(telemetry, sections),
    remote: decodeRemote(remote, sections),
    availability: decodeAvailability(availability, sections),
    presenceMessages: decodePresenceMessages(availability, sections),
    sharedTopics: decodeSharedTopics(sections.shared_topics, sections),
    homeAssistant: decodeHomeAssistant(sections.home_assistant),
    firmware: decodeFirmware(sections.firmware, hub.profile),
    links: links.map((link) =>
      decodeLink(link, outbox, allowedOn(link, subdevices, gateway.accept_unknown_subdevices)),
    ),
    subdevices: subdevices.map(decodeSubdevice),
  };
}

function decodeLink(link: LinkSection, outbox: OutboxSection, allowed: readonly string[] | undefined): LinkConfig {
  const driver = driverNamed(link.driver);
  const { subdevices: _, rs485, rs485BeforeMs = 0, rs485AfterMs = 0, ...written } = camelKeys(link, LINK_KEYS);
  const acknowledges = driver.acknowledges(link);
  const retry = driver.retry(link);
  return {
    ...written,
    options: driver.decode(link),
    rs485: rs485 === 'none' ? undefined : { rts: rs485, beforeMs: rs485BeforeMs, afterMs: rs485AfterMs },
    retryMs: link.retry_ms ?? retry.retryMs,
    retriesMax: link.retries_max ?? retry.retriesMax,
    holdMs: link.hold_ms ?? outbox.hold_ms,
    commitMs: link.commit_ms ?? outbox.commit_ms,
    overflow: link.overflow ?? inheritedOverflow(acknowledges, outbox),
    envelope: link.envelope ?? outbox.envelope,
    retainTopics: link.retain_topics ?? outbox.retain_topics,
    acknowledges,
    allowedSubdevices: allowed,
  };
}

/**
 * Returns the overflow policy of a link that sets none. A device without acknowledgements cannot be asked to send
 * again, so messages above the limit are shed and counted.
 */
function inheritedOverflow(isAcknowledged: boolean, { overflow }: OutboxSection): OutboxSection['overflow'] {
  return !isAcknowledged && overflow === 'reject' ? 'drop-newest' : overflow;
}

function decodeSubdevice(subdevice: SubdeviceSection): SubdeviceConfig {
  const { productId, deviceName, ...written } = camelKeys(subdevice, SUBDEVICE_KEYS);
  return {
    ...written,
    hubIdentity: productId === undefined || deviceName === undefined ? undefined : { productId, deviceName },
    driverKeys: Object.fromEntries(Object.entries(subdevice).filter(([key]) => key in SUBDEVICE_DRIVER_KEYS)),
  };
}
