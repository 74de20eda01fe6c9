/** Answers to a machine in tests may leave out the subdevice: it is the one whose report carried the token. */
import type { LinkAction, LinkInput, RefuseReason } from '../../../src/driver/driver.ts';

type Answer =
  | { readonly kind: 'acknowledge' | 'confirm'; readonly token: number }
  | { readonly kind: 'refuse'; readonly token: number; readonly why: RefuseReason };
/** Input of a machine, or an answer without its subdevice. */
export type Unaddressed = LinkInput | Answer;

export class AddressBook {
  readonly #subdevices = new Map<number, string>();

  note(action: LinkAction): void {
    if ('subdevice' in action && 'token' in action && action.token !== undefined && action.subdevice !== undefined)
      this.#subdevices.set(action.token, action.subdevice);
  }

  /** @returns the input with its subdevice; a token that no report carried is of no subdevice */
  addressed(input: Unaddressed): LinkInput {
    switch (input.kind) {
      case 'acknowledge':
      case 'confirm':
      case 'refuse': {
        const subdevice = 'subdevice' in input ? input.subdevice : (this.#subdevices.get(input.token) ?? '');
        return { ...input, subdevice } as LinkInput;
      }
      default:
        return input as LinkInput;
    }
  }
}
