package io.t3d.core.task.report;

import java.util.List;
import java.util.Map;

/**
 * Reads findings out of reports, so that generated reports can be compared with real ones by what
 * they say: {@link BertLabeler}, the phantoms' rules, or your own.
 */
@FunctionalInterface
public interface ReportLabeler {
  /**
   * The findings of reports.
   *
   * @param reports B texts; one may be blank, which affirms nothing
   * @return one map per report, finding → whether the report affirms it; the same findings in the
   *     same order for all
   */
  List<Map<String, Boolean>> label(List<String> reports);
}
