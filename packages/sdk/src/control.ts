/** In charge of the control plane from the caller's side. */
export {};
