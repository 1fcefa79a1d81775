// The declarations of swirly import these from a package that is not published with them.
declare module '@swirly/types' {
  export type DiagramSpecification = object;
  export type DiagramStyles = object;
  export type DiagramRendering = object;
  export interface RendererOptions {
    readonly styles?: DiagramStyles;
  }
}
