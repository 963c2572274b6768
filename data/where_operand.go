package data

import (
	"regexp"
	"regexp/syntax"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// operatorObject reports whether v is an object of operators; an object that
// mixes them with fields is neither.
func operatorObject(v Value) (bool, *hutch.Error) {
	if v.Type != bson.TypeEmbeddedDocument {
		return false, nil
	}
	ops, fields := 0, 0
	for e := walk(v.Value); e.next(); {
		if len(e.key) > 0 && e.key[0] == '$' {
			ops++
		} else {
			fields++
		}
	}
	if ops > 0 && fields > 0 {
		return false, hutch.Errorf(hutch.InvalidArgument, "operators and fields do not mix")
	}
	return ops > 0, nil
}

// checkOperand refuses an operand that its operator does not take.
func checkOperand(kind Operand, v Value) *hutch.Error {
	switch kind {
	case OperandValue:
		return checkInside(v)
	case OperandList:
		if v.Type != bson.TypeArray {
			return hutch.Errorf(hutch.InvalidArgument, "expected an array")
		}
		return checkInside(v)
	case OperandBool:
		if v.Type != bson.TypeBoolean {
			return hutch.Errorf(hutch.InvalidArgument, "expected true or false")
		}
	case OperandText, OperandPattern:
		if v.Type != bson.TypeString {
			return hutch.Errorf(hutch.InvalidArgument, "expected a string")
		}
		if kind == OperandPattern {
			if _, err := regexp.Compile(string(strOf(v))); err != nil {
				return hutch.Errorf(hutch.InvalidArgument, "the pattern is no RE2 expression")
			}
		}
	case OperandSize:
		if n, ok := Integer(v); !ok || n < 0 {
			return hutch.Errorf(hutch.InvalidArgument, "expected a whole number from 0 on")
		}
	case OperandType:
		if v.Type != bson.TypeString || typeOf(string(strOf(v))) == nil {
			return hutch.Errorf(hutch.InvalidArgument, "expected the name of a type")
		}
	}
	return nil
}

// checkPattern refuses a pattern that is long, or short and expensive: a match
// takes time by the steps of its program.
func checkPattern(pattern string) *hutch.Error {
	if len(pattern) > maxPattern {
		return exhausted("the pattern is longer than %d bytes", maxPattern)
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return hutch.Errorf(hutch.InvalidArgument, "the pattern is no RE2 expression")
	}
	if prog, err := syntax.Compile(re.Simplify()); err != nil || len(prog.Inst) > maxPatternSteps {
		return exhausted("the pattern repeats too much")
	}
	return nil
}
