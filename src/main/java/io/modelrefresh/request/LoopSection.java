package io.modelrefresh.request;

import io.quarkus.qute.Expression;
import io.quarkus.qute.LoopSectionHelper;
import io.quarkus.qute.Scope;
import io.quarkus.qute.SectionHelper;
import io.quarkus.qute.SectionHelperFactory;
import io.quarkus.qute.TemplateException;
import java.util.List;

/**
 * Qute's {@code {#for}} and {@code {#each}}, of what is a list. It would also count to a number,
 * and so, told to by an event with a large {@code row_count}, until memory ends.
 */
final class LoopSection implements SectionHelperFactory<SectionHelper> {

  private final LoopSectionHelper.Factory loop = new LoopSectionHelper.Factory();

  @Override
  public List<String> getDefaultAliases() {
    return loop.getDefaultAliases();
  }

  @Override
  public ParametersInfo getParameters() {
    return loop.getParameters();
  }

  @Override
  public List<String> getBlockLabels() {
    return loop.getBlockLabels();
  }

  @Override
  public Scope initializeBlock(Scope previousScope, BlockInfo block) {
    return loop.initializeBlock(previousScope, block);
  }

  /** Its sections throw a {@link TemplateException} when they are over a number. */
  @Override
  public SectionHelper initialize(SectionInitContext section) {
    SectionHelper helper = loop.initialize(section);
    Expression iterable = section.getExpression("iterable");
    return context ->
        context
            .resolutionContext()
            .evaluate(iterable)
            .thenCompose(
                value -> {
                  if (value instanceof Number) {
                    throw TemplateException.builder()
                        .origin(section.getOrigin())
                        .message("a loop is over a list, and {iterable} is the number {value}")
                        .argument("iterable", iterable.toOriginalString())
                        .argument("value", value)
                        .build();
                  }
                  return helper.resolve(context);
                });
  }
}
