/** In charge of a choice between a few, all of which are seen. */
export interface SegmentsProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}

export function Segments({ label, value, options, onChange }: SegmentsProps) {
  return (
    <fieldset class="segments">
      <legend class="hidden-text">{label}</legend>
      {options.map(([option, text]) => (
        <button
          key={option}
          type="button"
          class="segment"
          aria-pressed={option === value}
          onClick={() => onChange(option)}
        >
          {text}
        </button>
      ))}
    </fieldset>
  );
}
