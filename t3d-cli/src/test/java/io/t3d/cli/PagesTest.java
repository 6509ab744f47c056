package io.t3d.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.cli.launch.LaunchCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What the pages say can be typed and followed: commands, their options, links. */
class PagesTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  /** A command, behind variables that are set for it, up to a comment or what it is piped into. */
  private static final Pattern COMMAND =
      Pattern.compile("(?:^|`|&& )(?:[A-Z_]\\w*=\\S+ )*\\./t3d +([a-z][^`]*)");

  private static final Pattern LINK =
      Pattern.compile("\\]\\(([^)\\s]+)\\)|(?:src|href)=\"([^\"]+)\"");

  static Stream<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (String folder : List.of("", "docs", "docs/adr")) {
      try (Stream<Path> files = Files.list(ROOT.resolve(folder))) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
      }
    }
    assertThat(pages).hasSizeGreaterThan(30);
    return pages.stream().map(ROOT::relativize);
  }

  static List<String> commands() throws IOException {
    Set<String> found = new LinkedHashSet<>();
    for (Path page : pages().toList()) {
      String text = Files.readString(ROOT.resolve(page)).replaceAll("\\\\\n *", " ");
      for (String line : text.lines().toList()) {
        for (String part : line.split("(?=&& )", -1)) {
          Matcher matcher = COMMAND.matcher(part);
          while (matcher.find()) {
            found.add(matcher.group(1).replaceFirst("( +[#>&|]| {2,}#).*", "").strip());
          }
        }
      }
    }
    return List.copyOf(found);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandOfThePagesIsUnderstood(String command) {
    // What may be left out stands in brackets; of alternatives the first is tried, N is a number.
    String typed =
        command
            .replaceAll("[\\[\\]']", "")
            .replaceAll("\\\\?\\|\\S+", "")
            .replaceAll("\\bN\\b", "1");
    boolean whole = !typed.contains("…");
    List<String> words = new ArrayList<>(List.of(typed.split(" +", -1)));
    words.removeIf("…"::equals);
    try {
      CommandLine.ParseResult parsed =
          new CommandLine(new T3dCommand())
              .setCaseInsensitiveEnumValuesAllowed(true)
              .parseArgs(words.toArray(new String[0]));
      while (parsed.hasSubcommand()) {
        parsed = parsed.subcommand();
      }
      if (parsed.commandSpec().userObject() instanceof LaunchCommand) {
        everyCommandOfThePagesIsUnderstood(command.substring(command.indexOf("pretrain")));
      }
    } catch (CommandLine.MissingParameterException e) {
      // A command named within a sentence, or a line that leaves some out, need not have all.
      assertThat(whole && words.size() > 3).as(e.getMessage()).isFalse();
    }
  }

  @Test
  void thePagesHaveCommands() throws IOException {
    assertThat(commands()).hasSizeGreaterThan(70);
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyLinkLeadsToAFileAndAHeading(Path page) throws IOException {
    Map<Path, Set<String>> headings = new HashMap<>();
    List<String> lost = new ArrayList<>();
    for (String link : links(page)) {
      String[] parts = link.split("#", 2);
      Path target =
          parts[0].isEmpty()
              ? ROOT.resolve(page)
              : ROOT.resolve(page).resolveSibling(parts[0]).normalize();
      if (!Files.exists(target)) {
        lost.add(link);
      } else if (parts.length > 1) {
        if (!headings.containsKey(target)) {
          headings.put(target, headings(target));
        }
        if (!headings.get(target).contains(parts[1])) {
          lost.add(link);
        }
      }
    }
    assertThat(lost).isEmpty();
  }

  private static List<String> links(Path page) throws IOException {
    return LINK.matcher(Files.readString(ROOT.resolve(page)))
        .results()
        .map(m -> m.group(1) == null ? m.group(2) : m.group(1))
        .filter(link -> !link.startsWith("http"))
        .toList();
  }

  /** The anchors that GitHub makes of a page's headings. */
  private static Set<String> headings(Path page) throws IOException {
    Set<String> anchors = new LinkedHashSet<>();
    boolean code = false;
    for (String line : Files.readAllLines(page)) {
      code ^= line.startsWith("```");
      if (!code && line.matches("#+ .*")) {
        anchors.add(
            line.replaceFirst("#+ ", "")
                .replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1")
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}_ -]", "")
                .replace(' ', '-'));
      }
    }
    return anchors;
  }

  @Test
  void aPageThatNamesAnotherNamesOneThatIsThere() throws IOException {
    Pattern name = Pattern.compile("docs/[\\w/-]+\\.md");
    for (Path page : pages().toList()) {
      name.matcher(Files.readString(ROOT.resolve(page)))
          .results()
          .forEach(m -> assertThat(ROOT.resolve(m.group())).as(page.toString()).exists());
    }
  }
}
