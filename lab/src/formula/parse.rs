//! From the text of a formula to its meaning.

use std::ops::Range;

use super::expression::{Expression, Node, Operator};
use super::function::Function;
use super::token::{Placed, Token, tokens};
use super::{FormulaError, Unit};

/// How deep a formula may nest.
const DEEPEST: usize = 60;

/// How many parts a formula may have.
const MOST_PARTS: usize = 500;

/// Operators that bind equally, from the loosest to the tightest. Comparisons stand alone.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("or", Operator::Or)],
    &[("and", Operator::And)],
    &[
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide)],
];
const COMPARISONS: usize = 2;

/// Reads a formula.
pub(super) fn parse(text: &str) -> Result<Expression, FormulaError> {
    let tokens = tokens(text)?;
    if tokens.len() > MOST_PARTS {
        let message =
            format!("a formula has at most {MOST_PARTS} parts, and this has {}", tokens.len());
        return Err(FormulaError::new(text, 0..0, message));
    }
    let mut parser = Parser { text, tokens, at: 0, depth: 0 };
    let expression = parser.level(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expression),
        Some(stray) => Err(parser.stray(stray)),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    /// A chain of operators of one level over parts of the next.
    fn level(&mut self, level: usize) -> Result<Expression, FormulaError> {
        let Some(operators) = LEVELS.get(level) else {
            return self.signed();
        };
        if level == COMPARISONS && self.takes_word("not") {
            return self.negation();
        }
        let mut left = self.level(level + 1)?;
        let mut pairs = 0;
        while let Some(operator) = self.takes(operators) {
            pairs += 1;
            if level == COMPARISONS && pairs > 1 {
                let message = "comparisons do not chain: write `a < b and b < c`";
                return Err(self.error(self.tokens[self.at - 1].span.clone(), message));
            }
            let right = self.level(level + 1)?;
            let span = left.span.start..right.span.end;
            left = Expression { node: Node::Pair(operator, Box::new([left, right])), span };
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expression, FormulaError> {
        let start = self.tokens[self.at - 1].span.start;
        let part = self.deeper(|parser| parser.level(COMPARISONS))?;
        let span = start..part.span.end;
        Ok(Expression { node: Node::Not(Box::new(part)), span })
    }

    /// A sign binds looser than a power: −2² is −4.
    fn signed(&mut self) -> Result<Expression, FormulaError> {
        if self.takes_sign("-") {
            let start = self.tokens[self.at - 1].span.start;
            let part = self.deeper(Self::signed)?;
            let span = start..part.span.end;
            return Ok(Expression { node: Node::Negative(Box::new(part)), span });
        }
        if self.takes_sign("+") {
            return self.deeper(Self::signed);
        }
        let base = self.atom()?;
        if !self.takes_sign("^") {
            return Ok(base);
        }
        let exponent = self.deeper(Self::signed)?;
        let span = base.span.start..exponent.span.end;
        let node = Node::Pair(Operator::Power, Box::new([base, exponent]));
        Ok(Expression { node, span })
    }

    fn atom(&mut self) -> Result<Expression, FormulaError> {
        let Some(Placed { token, span }) = self.tokens.get(self.at).cloned() else {
            return Err(
                self.error(self.end(), "the formula ends where a number or name is missing")
            );
        };
        self.at += 1;
        match token {
            Token::Number(value) => self.number(value, span),
            Token::Name(name) if self.takes_sign("(") => self.call(&name, span),
            Token::Name(name) if !["and", "or", "not"].contains(&name.as_str()) => {
                Ok(Expression { node: Node::Name(name, 0), span })
            }
            Token::Sign("(") => {
                let inner = self.deeper(|parser| parser.level(0))?;
                let end = self.closes(&span)?;
                Ok(Expression { span: span.start..end, ..inner })
            }
            token => Err(self.stray(&Placed { token, span })),
        }
    }

    /// A number, with its unit if one follows.
    fn number(&mut self, value: f64, span: Range<usize>) -> Result<Expression, FormulaError> {
        let Some(Placed { token: Token::Unit(name), span: place }) = self.tokens.get(self.at)
        else {
            return Ok(Expression { node: Node::Number(value, Unit::NONE), span });
        };
        let Some(unit) = Unit::parse(name) else {
            let message =
                format!("`{name}` is not a unit; units are written as in keys: ul_per_min");
            return Err(self.error(place.clone(), message));
        };
        let span = span.start..place.end;
        self.at += 1;
        Ok(Expression { node: Node::Number(unit.to_base(value), unit), span })
    }

    fn call(&mut self, name: &str, span: Range<usize>) -> Result<Expression, FormulaError> {
        let Some(function) = Function::named(name) else {
            let known = Function::names();
            let error = FormulaError::unknown_name(self.text, span.clone(), name, &known);
            let message = error.message().replacen("there is no", "there is no function", 1);
            return Err(self.error(span, message));
        };
        let mut parts = Vec::new();
        if !matches!(self.peek(), Some(Token::Sign(")"))) {
            parts.push(self.deeper(|parser| parser.level(0))?);
            while self.takes_sign(",") {
                parts.push(self.deeper(|parser| parser.level(0))?);
            }
        }
        let end = self.closes(&span)?;
        let (least, most) = function.arity();
        if parts.len() < least || parts.len() > most {
            let message = format!("`{}` is written {}", function.name(), function.written());
            return Err(self.error(span.start..end, message));
        }
        Ok(Expression { node: Node::Call(function, parts), span: span.start..end })
    }

    /// Takes the closing parenthesis and gives where it ends.
    fn closes(&mut self, opened: &Range<usize>) -> Result<usize, FormulaError> {
        match self.tokens.get(self.at) {
            Some(Placed { token: Token::Sign(")"), span }) => {
                let end = span.end;
                self.at += 1;
                Ok(end)
            }
            Some(stray) => Err(self.stray(stray)),
            None => Err(self.error(opened.clone(), "this parenthesis is never closed")),
        }
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, FormulaError>,
    ) -> Result<T, FormulaError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let span = self.tokens.get(self.at).map_or(self.end(), |placed| placed.span.clone());
            return Err(self.error(span, format!("a formula nests at most {DEEPEST} deep")));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|placed| &placed.token)
    }

    fn takes(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        let (_, operator) = operators.iter().find(|(word, _)| match self.peek() {
            Some(Token::Sign(sign)) => sign == word,
            Some(Token::Name(name)) => name == word,
            _ => false,
        })?;
        self.at += 1;
        Some(*operator)
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let here = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(here);
        here
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let here = matches!(self.peek(), Some(Token::Name(found)) if found == word);
        self.at += usize::from(here);
        here
    }

    fn stray(&self, placed: &Placed) -> FormulaError {
        let message = match &placed.token {
            Token::Number(_) | Token::Name(_) => "an operator is missing before this",
            Token::Unit(_) => "a unit follows a number: 434[ul]",
            Token::Sign(")") => "this parenthesis closes nothing, or a part before it is missing",
            Token::Sign(_) => "a number or name is missing before this",
        };
        self.error(placed.span.clone(), message)
    }

    fn end(&self) -> Range<usize> {
        self.text.len()..self.text.len()
    }

    fn error(&self, span: Range<usize>, message: impl Into<String>) -> FormulaError {
        FormulaError::new(self.text, span, message)
    }
}
