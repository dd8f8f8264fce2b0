/** In charge of a list of addresses, and of secrets, that can be copied. */
import { Copyable } from "./text.tsx";

export const Addresses = ({ of }: { of: readonly (readonly [name: string, text: string])[] }) => (
  <dl class="addresses">
    {of.map(([name, text]) => (
      <div class="address" key={name}>
        <dt>{name}</dt>
        <dd>
          <Copyable text={text} />
        </dd>
      </div>
    ))}
  </dl>
);
