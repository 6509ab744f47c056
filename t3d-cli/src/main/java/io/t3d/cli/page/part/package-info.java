/** What pages are made of: models of the templates in {@code src/main/jte}, and charts. */
@NullMarked
package io.t3d.cli.page.part;

import org.jspecify.annotations.NullMarked;
