/** Questions about keys of the configuration. Answers given as options are checked as typed ones are. */
import { Fault } from '../../base/fault.ts';
import { hostPartsOf } from '../../config/hub/host-parts.ts';
import { answerProblem } from './init-answers.ts';
import type { Interview } from './question.ts';

export interface KeyQuestion {
  /** `hub.host` */
  readonly key: string;
  readonly text: string;
  /** Value of the option. */
  readonly given?: string | undefined;
  readonly fallback?: string | undefined;
  /** Returns what is wrong with a valid value of the key; `undefined`: nothing. */
  readonly rule?: (answer: string) => string | undefined;
}

export interface Identity {
  readonly productId: string | undefined;
  readonly deviceName: string | undefined;
}

export interface HubAddress {
  readonly host: string;
  readonly port: number | undefined;
  readonly tls: 'off' | 'on';
}

export class KeyQuestions {
  /** `undefined`: no terminal. */
  readonly interview: Interview | undefined;

  constructor(interview: Interview | undefined) {
    this.interview = interview;
  }

  async key({ key, text, given, fallback, rule }: KeyQuestion): Promise<string> {
    const problem = (answer: string): string | undefined => answerProblem(key, answer) ?? rule?.(answer);
    const fixed = given ?? (this.interview === undefined ? fallback : undefined);
    if (fixed !== undefined) {
      const wrong = problem(fixed);
      if (wrong === undefined) return fixed;
      throw new Fault('usage', `${text}: ${JSON.stringify(fixed)} is not valid`, { hint: wrong });
    }
    if (this.interview === undefined)
      throw new Fault('usage', `${text}: there is no answer, and no terminal to ask on`, {
        hint: 'Give it as an option: holdfast init --help lists them.',
      });
    return await this.interview.ask({ text, fallback, problem });
  }

  /** A number with a default. @param given value of the option */
  async number(key: string, text: string, given: number | undefined, fallback: number): Promise<number> {
    if (given !== undefined || this.interview === undefined) return given ?? fallback;
    const problem = (answer: string): string | undefined => answerProblem(key, Number(answer));
    return Number(await this.interview.ask({ text, fallback: String(fallback), problem }));
  }

  async yes(text: string): Promise<boolean> {
    const problem = (answer: string): string | undefined =>
      /^(yes|no)$/.test(answer) ? undefined : 'Allowed: yes, no.';
    return (await this.interview?.ask({ text: `${text} (yes, no)`, fallback: 'yes', problem })) === 'yes';
  }

  /** Host, TLS and port of the hub. A typed URL is taken apart; an option must be the host alone. */
  async hubAddress(given: {
    readonly host?: string;
    readonly hubPort?: number;
    readonly tls?: true;
  }): Promise<HubAddress> {
    const text = await this.key({
      key: 'hub.host',
      text: 'Host name or address of the hub',
      given: given.host,
      rule: (answer) => hostProblem(answer, given.host !== undefined),
    });
    const { name: host, port: written, isSecure, extras } = hostPartsOf(text) ?? { name: text, extras: [] };
    if (extras.length > 0) this.interview?.say(`  The host is ${host}. The questions about TLS and the port follow.`);
    const tls = given.tls === true ? 'on' : await this.#tls(isSecure === true ? 'on' : 'off');
    const usual = tls === 'on' ? 8883 : 1883;
    const fallback = written === undefined || written === '' ? usual : Number(written);
    const port = await this.number('hub.port', 'TCP port of the hub', given.hubPort, fallback);
    return { host, port: port === usual ? undefined : port, tls };
  }

  async #tls(fallback: 'off' | 'on'): Promise<'off' | 'on'> {
    const rule = (answer: string): string | undefined => (/^(off|on)$/.test(answer) ? undefined : TLS_VALUES);
    if (this.interview === undefined) return fallback;
    const answer = await this.interview.ask({ text: 'TLS to the hub (off, on)', fallback, problem: rule });
    return answer === 'on' ? 'on' : 'off';
  }

  async username(given: string | undefined, isRequired: boolean): Promise<string | undefined> {
    if (given !== undefined || this.interview === undefined) return given;
    const answer = await this.interview.ask(
      isRequired ? { text: 'MQTT user name' } : { text: 'MQTT user name (empty: none)', fallback: '' },
    );
    return answer === '' ? undefined : answer;
  }

  async identity(section: 'hub' | 'subdevice', whose: string, given: Partial<Identity>): Promise<Identity> {
    const productId = await this.key({
      key: `${section}.product_id`,
      text: `Product id of ${whose}`,
      given: given.productId,
    });
    const deviceName = await this.key({
      key: `${section}.device_name`,
      text: `Device name of ${whose}`,
      given: given.deviceName,
    });
    return { productId, deviceName };
  }
}

const TLS_VALUES = 'Allowed: off, on. Certificates and PSK: add the keys to the file later.';

function hostProblem(text: string, isOption: boolean): string | undefined {
  const parts = hostPartsOf(text);
  if (parts === undefined) return 'Write the host name or the address only, such as hub.example.net.';
  const { name, port, isSecure, isWebSocket, extras } = parts;
  if (isWebSocket)
    return 'Write the host alone. For WebSocket, add transport = "ws" to [hub] of the file later (docs/firewall.md).';
  if (port !== undefined && port !== '' && answerProblem('hub.port', Number(port)) !== undefined)
    return `${port} is not a TCP port.`;
  if (!isOption || extras.length === 0) return undefined;
  const words = [`--host ${name}`, ...(port === undefined || port === '' ? [] : [`--hub-port ${port}`])];
  return `Write the host alone: ${[...words, ...(isSecure ? ['--tls'] : [])].join(' ')}.`;
}
