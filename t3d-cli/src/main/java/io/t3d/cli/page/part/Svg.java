package io.t3d.cli.page.part;

import gg.jte.Content;
import gg.jte.TemplateOutput;

/**
 * A drawing that a page takes as it is: the one kind of markup that templates do not escape.
 *
 * @param markup one or more elements {@code svg}, texts in it escaped
 */
public record Svg(String markup) implements Content {
  @Override
  public void writeTo(TemplateOutput output) {
    output.writeContent(markup);
  }
}
