/** The bundler takes a stylesheet that is imported into the page's own; the import has no value. */
declare module "*.css";
