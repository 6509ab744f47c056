package io.t3d.cli.option;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The command that is running as text, for pages that say how they were made. */
public final class CommandText {
  private CommandText() {}

  /** As it was typed, quoted where a shell needs it. */
  public static String of(CommandSpec spec) {
    ParseResult parsed = spec.root().commandLine().getParseResult();
    return "./t3d "
        + parsed.originalArgs().stream().map(CommandText::quoted).collect(Collectors.joining(" "));
  }

  /** Only options of this command, with what stands for a path in its help instead of the path. */
  public static String withoutPaths(CommandSpec spec) {
    List<OptionSpec> options = spec.commandLine().getParseResult().matchedOptions();
    return "./t3d "
        + spec.qualifiedName().replaceFirst("^\\S+ ", "")
        + options.stream().map(CommandText::withoutPath).collect(Collectors.joining());
  }

  private static String withoutPath(OptionSpec option) {
    String name = " " + option.longestName();
    if (option.arity().max() == 0) {
      return name;
    }
    return name
        + " "
        + (option.type() == Path.class
            ? option.paramLabel()
            : option.originalStringValues().stream()
                .map(CommandText::quoted)
                .collect(Collectors.joining(",")));
  }

  private static String quoted(String word) {
    return word.matches("[\\w./:=,@%+~-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
