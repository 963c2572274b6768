package server

import "slices"

// adminRoutes are what operators may do, and service keys of each row's scope.
func adminRoutes() []*Route {
	rows := slices.Concat(
		backendRoutes(),
		adminUsersRoutes(),
		[]*Route{auditRoute()},
	)
	for _, r := range rows {
		r.Service, r.Need = ServiceAdmin, NeedAdmin
	}
	return rows
}
