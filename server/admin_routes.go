package server

import "slices"

// adminRoutes are what operators may do, and service keys of each row's scope.
func adminRoutes() []*Route {
	rows := slices.Concat(
		backendRoutes(),
		adminUsersRoutes(),
		adminMetricsRoutes(),
		[]*Route{auditRoute()},
		settingsRoutes(),
		sessionAdminRoutes(),
		operatorAdminRoutes(),
		dataPageRoutes(),
		liveRoutes(),
		rulesRoutes(),
		functionsRoutes(),
		logsRoutes(),
		jobsRoutes(),
	)
	for _, r := range rows {
		r.Service = ServiceAdmin
		if r.Need == NeedNothing {
			r.Need = NeedAdmin
		}
	}
	return rows
}
