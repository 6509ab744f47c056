/** Pages of results as one HTML file, and the quickstart that ends in one. */
package io.t3d.cli.page;
