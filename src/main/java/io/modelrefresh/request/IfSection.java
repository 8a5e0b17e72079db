package io.modelrefresh.request;

import io.quarkus.qute.Engine;
import io.quarkus.qute.IfSectionHelper;
import io.quarkus.qute.Scope;
import io.quarkus.qute.TemplateException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * Qute's {@code {#if}}, of those conditions only that it evaluates as they read. On others its
 * parser takes all memory or stack there is ({@code a !b !c}, {@code a == b == c == d && e}); after
 * {@code else if} it takes a negation at the beginning for one of all that follows ({@code !a &&
 * b}); and {@code a && b || c} it ends where {@code a} is false.
 *
 * <pre>
 * condition  = comparison { "&amp;&amp;" comparison } | comparison { "||" comparison }
 * comparison = operand [ ("==" | "!=" | ">" | ">=" | "<" | "<=") operand ]
 * operand    = [ "!" ] ( expression | "(" condition ")" )
 * </pre>
 */
final class IfSection extends IfSectionHelper.Factory {

  private static final Set<String> AND = Set.of("&&", "and");
  private static final Set<String> OR = Set.of("||", "or");
  private static final Set<String> COMPARING =
      Set.of("==", "eq", "is", "!=", "ne", ">", "gt", ">=", "ge", "<", "lt", "<=", "le");
  private static final String NOT = "!";

  /** Splits as Qute's parser does what stands in parentheses, since it is that. */
  private final Engine parser = Engine.builder().addSectionHelper(this).build();

  /**
   * @throws TemplateException if the condition is none of these, with its place and the remedy
   */
  @Override
  public Scope initializeBlock(Scope previousScope, BlockInfo block) {
    try {
      checkParameters(block);
    } catch (TemplateException e) {
      throw TemplateException.builder()
          .origin(block.getOrigin())
          .message("{problem}")
          .argument("problem", e.getMessage())
          .build();
    }
    return super.initializeBlock(previousScope, block);
  }

  private void checkParameters(BlockInfo block) {
    for (String name : block.getParameters().keySet()) {
      if (!name.equals("condition") && !name.chars().allMatch(Character::isDigit)) {
        throw refused(
            "an operator stands between spaces, and an operand with ! has no comparison in it");
      }
    }
    List<String> condition = new ArrayList<>(block.getParameters().values());
    if (block.isMainBlock()) {
      checkCondition(condition);
    } else if (!condition.isEmpty()) {
      checkElse(condition);
    }
  }

  private void checkElse(List<String> parameters) {
    if (!parameters.get(0).equals("if")) {
      throw refused("expected {#else} or {#else if condition}");
    }
    List<String> condition = parameters.subList(1, parameters.size());
    checkCondition(condition);
    if (condition.get(0).startsWith(NOT) && condition.stream().anyMatch(IfSection::isOperator)) {
      throw refused(
          "after else if, a condition with an operator cannot begin with !: put another operand"
              + " first, or write an {#if} within {#else}");
    }
  }

  private void checkCondition(List<String> condition) {
    Iterator<String> rest = condition.iterator();
    checkOperand(rest);
    boolean compared = false;
    while (rest.hasNext()) {
      String operator = rest.next();
      if (!isOperator(operator)) {
        throw refused("expected an operator, as && or ==, got " + Excerpt.quoted(operator));
      }
      boolean comparing = COMPARING.contains(operator);
      if (comparing && compared) {
        throw refused("two comparisons are joined by && or ||, got " + Excerpt.quoted(operator));
      }
      compared = comparing;
      checkOperand(rest);
    }
    if (condition.stream().anyMatch(AND::contains) && condition.stream().anyMatch(OR::contains)) {
      throw refused("&& and || stand together only with parentheses, as in (a && b) || c");
    }
  }

  private void checkOperand(Iterator<String> rest) {
    String operand = next(rest);
    if (operand.equals(NOT)) {
      operand = next(rest);
    } else if (operand.startsWith(NOT)) {
      operand = operand.substring(1);
    }
    if (isOperator(operand) || operand.startsWith(NOT)) {
      throw refused("expected an operand, got " + Excerpt.quoted(operand));
    }
    if (operand.startsWith("(") && operand.endsWith(")")) {
      parser.parse("{#if " + operand.substring(1, operand.length() - 1) + "}{/if}");
    }
  }

  private static String next(Iterator<String> rest) {
    if (!rest.hasNext()) {
      throw refused("an operand is missing at the end");
    }
    return rest.next();
  }

  private static boolean isOperator(String parameter) {
    return AND.contains(parameter) || OR.contains(parameter) || COMPARING.contains(parameter);
  }

  private static TemplateException refused(String problem) {
    return new TemplateException("a condition in {#if} cannot be evaluated: " + problem);
  }
}
