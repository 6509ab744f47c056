package io.t3d.cli.page.part;

import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import gg.jte.output.StringOutput;
import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;

/** Fills the templates of {@code src/main/jte}, which the build compiles; they escape all text. */
public final class Pages {
  private static final TemplateEngine TEMPLATES =
      TemplateEngine.createPrecompiled(
          null, ContentType.Html, Pages.class.getClassLoader(), "io.t3d.cli.page.template");

  private Pages() {}

  /**
   * A page as text.
   *
   * @param template name of the file below {@code src/main/jte}, e.g. {@code results.jte}
   * @param model what its one parameter takes
   */
  public static String html(String template, Object model) {
    StringOutput out = new StringOutput();
    TEMPLATES.render(template, model, out);
    return out.toString();
  }

  /** Writes a page as one file; it is replaced as a whole or not at all. */
  public static void write(Path file, String template, Object model) throws IOException {
    AtomicFiles.writeText(file, html(template, model));
  }
}
