/** Closed until it is opened once. */
export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
  isOpen(): boolean;
}

export function createGate(): Gate {
  let isOpen = false;
  let resolvePassed: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    resolvePassed = resolve;
  });
  return {
    passed,
    open() {
      isOpen = true;
      resolvePassed();
    },
    isOpen: () => isOpen,
  };
}
