package api

import (
	"holdfast/director/internal/auth"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	dc "holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
)

// access is who may call a method.
type access uint8

const (
	// anyone, signed in or not.
	anyone access = iota + 1
	// signedIn may also be a session that must set another password first.
	signedIn
	auditor
	operator
	administrator
)

// allowed names for every method who may call it. A method without an entry is nobody's; a test fails for it too.
var allowed = map[string]access{
	dc.SystemServiceGetVersionProcedure:  anyone,
	dc.SystemServiceSignInProcedure:      anyone,
	dc.SystemServiceSignOutProcedure:     signedIn,
	dc.SystemServiceWhoAmIProcedure:      signedIn,
	dc.SystemServiceSetPasswordProcedure: signedIn,
	dc.SystemServiceCreateTokenProcedure: auditor,

	dc.UserServiceListUsersProcedure:         administrator,
	dc.UserServiceCreateUserProcedure:        administrator,
	dc.UserServiceUpdateUserProcedure:        administrator,
	dc.UserServiceResetUserPasswordProcedure: administrator,
	dc.UserServiceDeleteUserProcedure:        administrator,
	// Those of others are refused by package auth to all but administrators.
	dc.UserServiceListSessionsProcedure:      auditor,
	dc.UserServiceRevokeSessionProcedure:     auditor,
	dc.UserServiceSignOutEverywhereProcedure: auditor,
	dc.UserServiceListTokensProcedure:        auditor,
	dc.UserServiceRevokeTokenProcedure:       auditor,

	dc.AuditServiceListAuditProcedure: auditor,

	dc.AccountServiceAddAccountProcedure:     administrator,
	dc.AccountServiceUpdateAccountProcedure:  administrator,
	dc.AccountServiceTestAccountProcedure:    administrator,
	dc.AccountServiceListAccountsProcedure:   auditor,
	dc.AccountServiceRefreshAccountProcedure: operator,
	dc.AccountServiceRemoveAccountProcedure:  administrator,
	dc.AccountServiceListMailboxesProcedure:  auditor,

	dc.TransporterServicePairTransporterProcedure:    administrator,
	dc.TransporterServiceListTransportersProcedure:   auditor,
	dc.TransporterServiceRefreshTransporterProcedure: operator,
	dc.TransporterServiceTestTransporterProcedure:    operator,
	dc.TransporterServiceUpdateTransporterProcedure:  administrator,
	dc.TransporterServiceRemoveTransporterProcedure:  administrator,

	dc.RepositoryServiceCreateRepositoryProcedure: administrator,
	dc.RepositoryServiceListRepositoriesProcedure: auditor,
	dc.RepositoryServiceGetRepositoryProcedure:    auditor,
	dc.RepositoryServiceAttachRepositoryProcedure: administrator,
	dc.RepositoryServiceDetachRepositoryProcedure: administrator,
	dc.RepositoryServiceRemoveRepositoryProcedure: administrator,
	dc.RepositoryServiceVerifyRepositoryProcedure: operator,
	// These take nothing away that a point needs, and add nothing.
	dc.RepositoryServiceReclaimRepositoryProcedure: operator,
	dc.RepositoryServiceSurveyRepositoryProcedure:  operator,
	dc.RepositoryServiceListBackupsProcedure:       auditor,
	dc.RepositoryServiceRepairRepositoryProcedure:  operator,
	dc.RepositoryServiceCopyRepositoryProcedure:    operator,

	dc.RepositoryServiceSetRepositorySchedulesProcedure: administrator,
	dc.RepositoryServiceListRepositoryStartsProcedure:   auditor,

	dc.RepositoryServiceSetRepositoryCodecProcedure:  administrator,
	dc.RepositoryServiceChangeRepositoryKeyProcedure: administrator,
	dc.RepositoryServiceDeletePointsProcedure:        administrator,
	dc.RepositoryServiceListPointsProcedure:          auditor,
	// Folders and messages are mail content, which an auditor does not see.
	dc.RepositoryServiceListFoldersProcedure:  operator,
	dc.RepositoryServiceListMessagesProcedure: operator,

	dc.SearchServiceSearchProcedure:             operator,
	dc.SearchServiceGetSearchIndexProcedure:     auditor,
	dc.SearchServiceListSearchIndexesProcedure:  auditor,
	dc.SearchServiceRebuildSearchIndexProcedure: operator,

	dc.JobServiceCreateJobProcedure:        administrator,
	dc.JobServiceUpdateJobProcedure:        administrator,
	dc.JobServiceGetJobProcedure:           auditor,
	dc.JobServiceListJobsProcedure:         auditor,
	dc.JobServiceCloneJobProcedure:         administrator,
	dc.JobServiceSetJobsEnabledProcedure:   administrator,
	dc.JobServiceDeleteJobProcedure:        administrator,
	dc.JobServiceRunJobProcedure:           operator,
	dc.JobServiceEstimateJobProcedure:      operator, // it asks Microsoft
	dc.JobServiceGetLedgerProcedure:        auditor,
	dc.JobServiceListRunsProcedure:         auditor,
	dc.JobServicePreviewRetentionProcedure: auditor,
	dc.JobServiceApplyRetentionProcedure:   administrator,
	dc.JobServiceListStartsProcedure:       auditor,
	dc.JobServiceGetRunProcedure:           auditor,
	dc.JobServiceWatchRunProcedure:         auditor,
	dc.JobServiceStopRunProcedure:          operator,

	dc.MessageServiceGetMessageProcedure: operator,

	dc.BrowseServiceListBackupJobsProcedure:    auditor,
	dc.BrowseServiceDiffPointsProcedure:        operator,
	dc.BrowseServiceGetMessageHistoryProcedure: operator,

	pathMessage: operator, pathAttachment: operator, pathExport: operator, pathPreview: operator,
	pathAudit: auditor, pathSupport: administrator,

	dc.RecoveryServiceStartRecoveryProcedure: operator,
	dc.RecoveryServiceListPlanProcedure:      operator,
	dc.RecoveryServiceUndoRecoveryProcedure:  operator,
	// Names and times, no mail content.
	dc.RecoveryServiceListRecoverySourcesProcedure: auditor,

	dc.DrillServiceCreateDrillProcedure: administrator,
	dc.DrillServiceUpdateDrillProcedure: administrator,
	dc.DrillServiceDeleteDrillProcedure: administrator,
	dc.DrillServiceListDrillsProcedure:  auditor,
	dc.DrillServiceRunDrillProcedure:    operator,

	dc.MaintenanceServiceGetDirectorBackupProcedure:   auditor,
	dc.MaintenanceServiceSetDirectorBackupProcedure:   administrator,
	dc.MaintenanceServiceStartDirectorBackupProcedure: operator,
	dc.MaintenanceServiceListDirectorBackupsProcedure: auditor,
	dc.MaintenanceServiceGetHistoryProcedure:          auditor,
	dc.MaintenanceServiceSetHistoryProcedure:          administrator,

	dc.OverviewServiceGetOverviewProcedure:           auditor,
	dc.OverviewServiceListTroubledMailboxesProcedure: auditor,
	dc.OverviewServiceListDaysProcedure:              auditor,
	dc.OverviewServiceListGrowthProcedure:            auditor,
	dc.OverviewServiceListCalendarProcedure:          auditor,
	dc.OverviewServiceListCertificatesProcedure:      auditor,

	dc.ActivityServiceListActivitiesProcedure: auditor,
	dc.ActivityServiceGetActivityProcedure:    auditor,
	dc.ActivityServiceWatchActivityProcedure:  auditor,
	dc.ActivityServiceStopActivityProcedure:   operator,

	dc.NotificationServiceGetNotificationSettingsProcedure:    administrator,
	dc.NotificationServiceUpdateNotificationSettingsProcedure: administrator,
	dc.NotificationServiceSendTestMailProcedure:               administrator,
	dc.NotificationServiceSendTestWebhookProcedure:            administrator,
	dc.NotificationServiceListDeliveriesProcedure:             auditor,
	dc.NotificationServiceRetryDeliveryProcedure:              operator,
}

var leastRole = map[access]record.Role{
	auditor: record.RoleAuditor, operator: record.RoleOperator, administrator: record.RoleAdministrator,
}

// permit returns nil when the caller may call the method. Caller is nil when nobody is signed in.
func permit(procedure string, c *auth.Caller) error {
	need, ok := allowed[procedure]
	switch {
	case !ok:
		return fault.New(fault.Denied, "nobody may call this method")
	case need == anyone:
		return nil
	case c == nil:
		return fault.New(fault.Unauthorized, "sign in first")
	case need == signedIn:
		return nil
	case c.ChangeRequired:
		return fault.New(fault.Denied, "set your own password first: the one-time password is good for nothing else")
	case c.Role < leastRole[need]:
		return fault.New(fault.Denied, "your role does not permit this")
	}
	return nil
}
