package io.modelrefresh.agent;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * What libraries look up by a name that only the configuration has, which a native executable must
 * be told of: {@code quarkus.jackson.property-naming-strategy}.
 */
@RegisterForReflection(targets = PropertyNamingStrategies.SnakeCaseStrategy.class)
final class NamedAtRunTime {

  private NamedAtRunTime() {}
}
