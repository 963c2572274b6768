package functions

import (
	"time"

	"github.com/hutch-dev/hutch/data"
)

// Function is one entry of `functions:` in hutch.yaml, with its code bundled.
type Function struct {
	Name        string
	Runtime     string // a key of Options.Runtimes, e.g. "js"
	Bundle      Bundle
	Trigger     Trigger
	Admin       bool         // ctx.admin.db
	Input       *data.Schema // of a call's data; nil: anything
	Query       []Param      // declared query parameters of http; nil: all, as strings
	KeyRequired bool         // idempotency: required
	Timeout     time.Duration
	Sensitive   []string // names of fields that are not kept of a run
}

// Param declares a query parameter.
type Param struct {
	Name     string
	Type     ParamType
	Optional bool
}

// ParamType is the type that a query parameter is read as.
type ParamType string

// The parameter types.
const (
	ParamString ParamType = "string"
	ParamInt    ParamType = "int"
	ParamNumber ParamType = "number"
	ParamBool   ParamType = "bool"
)

// ParamTypes lists the parameter types.
func ParamTypes() []ParamType { return []ParamType{ParamString, ParamInt, ParamNumber, ParamBool} }
