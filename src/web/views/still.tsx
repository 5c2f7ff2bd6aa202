/**
 * The web client's views: a view that is drawn again only when it is given something else, for lists in which one of
 * hundreds changes ten times a second.
 */
import { Component, type ComponentChild, type ComponentType } from "preact";

/** The same view, but still while its properties are. */
export function still<P extends object>(view: (props: P) => ComponentChild): ComponentType<P> {
  return class Still extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const { props } = this;
      return Object.keys({ ...props, ...next }).some((name) => Reflect.get(props, name) !== Reflect.get(next, name));
    }
    override render(props: P): ComponentChild {
      return view(props);
    }
  };
}
