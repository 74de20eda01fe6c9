/** Section `[firmware]`: its keys, and the settings of firmware updates of subdevices for the program. */
import { z } from 'zod';
import type { FirmwareSettings } from '../base/firmware.ts';
import type { HubProfile } from './hub/profiles.ts';
import { absolutePath, means, whole } from './kinds/key-kinds.ts';

/** Topics of the services of the IoT hub for firmware, in the subdevice's own names. */
export const OTA_TOPICS = { offer: '$ota/update', report: '$ota/report' } as const;

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
const HOUR_MS = 3_600_000;

/** Largest rate: 100 MiB/s, more than a line of Gigabit Ethernet. */
const RATE_KIB_S_MAX = 102_400;
/** Largest image: the hub stores files of up to 1 GiB. */
const IMAGE_MIB_MAX = 1024;
/** Largest time without progress: one year. */
const GIVE_UP_HOURS_MAX = 8760;

const subdeviceTopic = () => z.string().min(1).max(255).optional();

export const FIRMWARE = z.strictObject({
  enabled: z
    .boolean()
    .optional()
    .meta(
      means(
        'Take offers of firmware for subdevices from the hub, and hand the images over. Driver mqttsn only.',
        'false',
      ),
    ),
  offer_topic: subdeviceTopic().meta(
    means(
      'Topic of the offers, as the subdevice would name it: the gateway adds the text of the topic template. Profile generic: required.',
      `${OTA_TOPICS.offer} with hub profiles`,
    ),
  ),
  report_topic: subdeviceTopic().meta(
    means(
      'Topic of versions, progress and results, as the subdevice would name it. Profile generic: required.',
      `${OTA_TOPICS.report} with hub profiles`,
    ),
  ),
  ca_file: absolutePath()
    .optional()
    .meta(means('PEM file with the CA certificates of the servers of images.', 'CA certificates of Node')),
  rate_kib_s: whole(1, RATE_KIB_S_MAX).default(256).meta(means('Largest rate of downloads, in KiB/s.')),
  image_mib_max: whole(1, IMAGE_MIB_MAX)
    .default(16)
    .meta(means('Largest image, in MiB. An offer of a larger one is rejected.')),
  line_share: whole(5, 90)
    .default(50)
    .meta(means('Largest share of the speed of a line for images, in percent. Messages always go first.')),
  attempts_max: whole(1, 100).default(3).meta(means('Attempts to install one image before the update fails.')),
  give_up_hours: whole(1, GIVE_UP_HOURS_MAX)
    .default(72)
    .meta(means('Time without progress after which an update fails.')),
});

export type FirmwareSection = z.output<typeof FIRMWARE>;

/** Configuration of firmware updates. */
export interface FirmwareConfig {
  readonly settings: FirmwareSettings;
  /** PEM file; `undefined`: the CA certificates of Node. */
  readonly caFile: string | undefined;
  /** Largest rate of downloads, bytes per second. */
  readonly bytesPerS: number;
}

/** Returns the topics of offers and reports in the subdevice's own names. `undefined`: the file has none. */
export function firmwareTopics(
  { offer_topic, report_topic }: Pick<FirmwareSection, 'offer_topic' | 'report_topic'>,
  profile: HubProfile,
): { readonly offer: string | undefined; readonly report: string | undefined } {
  if (profile === 'generic') return { offer: offer_topic, report: report_topic };
  return { offer: offer_topic ?? OTA_TOPICS.offer, report: report_topic ?? OTA_TOPICS.report };
}

/** @returns `undefined`: no firmware updates */
export function decodeFirmware(section: FirmwareSection, profile: HubProfile): FirmwareConfig | undefined {
  const { offer, report } = firmwareTopics(section, profile);
  if (!section.enabled || offer === undefined || report === undefined) return undefined;
  return {
    settings: {
      offerTopic: offer,
      reportTopic: report,
      lineShare: section.line_share / 100,
      imageBytesMax: section.image_mib_max * MEBIBYTE,
      attemptsMax: section.attempts_max,
      giveUpMs: section.give_up_hours * HOUR_MS,
    },
    caFile: section.ca_file,
    bytesPerS: section.rate_kib_s * KIBIBYTE,
  };
}
