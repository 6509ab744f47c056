package io.t3d.core.text;

import io.t3d.core.config.TextConfig.LongReports;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Fits the tokens of a report into the length that an encoder reads. */
final class LongReportReader {
  private static final String CONCLUSIONS = "impressions?|conclusions?|summary|opinion";
  private static final Pattern CONCLUSION =
      Pattern.compile(
          "(?:^|(?<=[.!?;:]\\s)|(?<=\\n))[ \\t]*(?:" + CONCLUSIONS + ")\\s*(?::|\\n)",
          Pattern.CASE_INSENSITIVE);

  /** One of the usual headings, or a line that begins with capitals and a colon. */
  private static final Pattern HEADING =
      Pattern.compile(
          "(?<=\\s)(?:findings|technique|procedure|comparison|clinical information|indication|"
              + "(?:clinical )?history|recommendations?|examination|addendum)\\s*:"
              + "|\\n[ \\t]*(?-i:\\p{Lu}[\\p{Lu} ]{3,40}):",
          Pattern.CASE_INSENSITIVE);

  private static final int HEAD_SHARE = 4; // of HEAD_TAIL: one in four tokens

  private final Function<String, long[]> tokenize;
  private final int room;

  /**
   * Prepares cutting.
   *
   * @param tokenize text → ids without the special tokens around them
   * @param room tokens without the special ones, &gt; 0
   */
  LongReportReader(Function<String, long[]> tokenize, int room) {
    this.tokenize = tokenize;
    this.room = room;
  }

  /** What is read of a report: one row, or with windows several, of at most {@code room} ids. */
  List<long[]> rows(String report, LongReports how) {
    long[] ids = tokenize.apply(report);
    if (ids.length <= room) {
      return List.of(ids);
    }
    return switch (how) {
      case HEAD -> List.of(Arrays.copyOf(ids, room));
      case TAIL -> List.of(Arrays.copyOfRange(ids, ids.length - room, ids.length));
      case HEAD_TAIL -> List.of(headAndTail(ids));
      case IMPRESSION_FIRST -> List.of(Arrays.copyOf(impressionFirst(report, ids), room));
      case SENTENCE_WINDOWS -> windows(report);
    };
  }

  private long[] headAndTail(long[] ids) {
    long[] out = new long[room];
    int head = Math.round((float) room / HEAD_SHARE);
    System.arraycopy(ids, 0, out, 0, head);
    System.arraycopy(ids, ids.length - (room - head), out, head, room - head);
    return out;
  }

  /** All tokens, those of the impression first; at least as many as fit. */
  private long[] impressionFirst(String report, long[] ids) {
    Matcher found = CONCLUSION.matcher(report);
    int begin = -1;
    int body = -1;
    while (found.find()) { // the last one: reports that quote an earlier one end with their own
      begin = found.start();
      body = found.end();
    }
    if (begin <= 0) {
      return ids;
    }
    Matcher next = HEADING.matcher(report);
    int end = next.find(body) ? next.start() : report.length();
    String reordered =
        report.substring(begin, end).strip()
            + " "
            + (report.substring(0, begin).strip() + " " + report.substring(end).strip()).strip();
    long[] first = tokenize.apply(reordered);
    return first.length < room ? ids : first;
  }

  private List<long[]> windows(String report) {
    List<long[]> rows = new ArrayList<>();
    StringBuilder window = new StringBuilder();
    long[] ids = {};
    for (String sentence : sentences(report)) {
      String longer = window.isEmpty() ? sentence : window + " " + sentence;
      long[] more = tokenize.apply(longer);
      if (more.length > room && !window.isEmpty()) {
        rows.add(ids);
        window.setLength(0);
        longer = sentence;
        more = tokenize.apply(sentence);
      }
      if (more.length > room) {
        cut(more, rows);
        ids = new long[0];
      } else {
        window.setLength(0);
        window.append(longer);
        ids = more;
      }
    }
    if (ids.length > 0) {
      rows.add(ids);
    }
    return rows;
  }

  /** Sentences; one that is too long by itself line by line, as lists are written. */
  private List<String> sentences(String report) {
    List<String> out = new ArrayList<>();
    for (String sentence : Sentences.split(report)) {
      if (sentence.indexOf('\n') >= 0 && tokenize.apply(sentence).length > room) {
        sentence.lines().map(String::strip).filter(line -> !line.isEmpty()).forEach(out::add);
      } else {
        out.add(sentence);
      }
    }
    return out;
  }

  private void cut(long[] ids, List<long[]> rows) {
    for (int from = 0; from < ids.length; from += room) {
      rows.add(Arrays.copyOfRange(ids, from, Math.min(ids.length, from + room)));
    }
  }
}
