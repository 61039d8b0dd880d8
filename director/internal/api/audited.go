package api

import (
	dc "holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
)

// noted is what the audit log keeps of a method. Whatever it is, calls that are denied are kept.
type noted uint8

const (
	// silent is what neither changes anything nor shows mail content.
	silent noted = iota + 1
	// done changes something, starts something, or sends something.
	done
	// shown shows mail content, or hands it out. What repeats is counted.
	shown
)

// audited names for every method what the audit log keeps of it. A test fails for a method without an entry.
var audited = map[string]noted{
	dc.SystemServiceCreateTokenProcedure: done,
	dc.SystemServiceGetVersionProcedure:  silent,
	dc.SystemServiceSetPasswordProcedure: done,
	dc.SystemServiceSignInProcedure:      done,
	dc.SystemServiceSignOutProcedure:     done,
	dc.SystemServiceWhoAmIProcedure:      silent,

	dc.UserServiceCreateUserProcedure:        done,
	dc.UserServiceDeleteUserProcedure:        done,
	dc.UserServiceListSessionsProcedure:      silent,
	dc.UserServiceListTokensProcedure:        silent,
	dc.UserServiceListUsersProcedure:         silent,
	dc.UserServiceResetUserPasswordProcedure: done,
	dc.UserServiceRevokeSessionProcedure:     done,
	dc.UserServiceRevokeTokenProcedure:       done,
	dc.UserServiceSignOutEverywhereProcedure: done,
	dc.UserServiceUpdateUserProcedure:        done,

	dc.AuditServiceListAuditProcedure: silent,

	dc.AccountServiceAddAccountProcedure:     done,
	dc.AccountServiceListAccountsProcedure:   silent,
	dc.AccountServiceListMailboxesProcedure:  silent,
	dc.AccountServiceRefreshAccountProcedure: done,
	dc.AccountServiceRemoveAccountProcedure:  done,
	dc.AccountServiceTestAccountProcedure:    silent,
	dc.AccountServiceUpdateAccountProcedure:  done,

	dc.TransporterServiceListTransportersProcedure:   silent,
	dc.TransporterServicePairTransporterProcedure:    done,
	dc.TransporterServiceRefreshTransporterProcedure: done,
	dc.TransporterServiceRemoveTransporterProcedure:  done,
	dc.TransporterServiceTestTransporterProcedure:    silent,
	dc.TransporterServiceUpdateTransporterProcedure:  done,

	dc.RepositoryServiceAttachRepositoryProcedure:       done,
	dc.RepositoryServiceChangeRepositoryKeyProcedure:    done,
	dc.RepositoryServiceCopyRepositoryProcedure:         done,
	dc.RepositoryServiceCreateRepositoryProcedure:       done,
	dc.RepositoryServiceDeletePointsProcedure:           done,
	dc.RepositoryServiceDetachRepositoryProcedure:       done,
	dc.RepositoryServiceGetRepositoryProcedure:          silent,
	dc.RepositoryServiceListBackupsProcedure:            silent,
	dc.RepositoryServiceListFoldersProcedure:            shown,
	dc.RepositoryServiceListMessagesProcedure:           shown,
	dc.RepositoryServiceListPointsProcedure:             silent,
	dc.RepositoryServiceListRepositoriesProcedure:       silent,
	dc.RepositoryServiceListRepositoryStartsProcedure:   silent,
	dc.RepositoryServiceReclaimRepositoryProcedure:      done,
	dc.RepositoryServiceRemoveRepositoryProcedure:       done,
	dc.RepositoryServiceRepairRepositoryProcedure:       done,
	dc.RepositoryServiceSetRepositoryCodecProcedure:     done,
	dc.RepositoryServiceSetRepositorySchedulesProcedure: done,
	dc.RepositoryServiceSurveyRepositoryProcedure:       done,
	dc.RepositoryServiceVerifyRepositoryProcedure:       done,

	dc.SearchServiceGetSearchIndexProcedure:     silent,
	dc.SearchServiceListSearchIndexesProcedure:  silent,
	dc.SearchServiceRebuildSearchIndexProcedure: done,
	dc.SearchServiceSearchProcedure:             shown,

	dc.BrowseServiceDiffPointsProcedure:        shown,
	dc.BrowseServiceGetMessageHistoryProcedure: shown,
	dc.BrowseServiceListBackupJobsProcedure:    silent,

	dc.MessageServiceGetMessageProcedure: shown,

	dc.JobServiceApplyRetentionProcedure:   done,
	dc.JobServiceCloneJobProcedure:         done,
	dc.JobServiceCreateJobProcedure:        done,
	dc.JobServiceDeleteJobProcedure:        done,
	dc.JobServiceEstimateJobProcedure:      silent,
	dc.JobServiceGetJobProcedure:           silent,
	dc.JobServiceGetLedgerProcedure:        silent,
	dc.JobServiceGetRunProcedure:           silent,
	dc.JobServiceListJobsProcedure:         silent,
	dc.JobServiceListRunsProcedure:         silent,
	dc.JobServiceListStartsProcedure:       silent,
	dc.JobServicePreviewRetentionProcedure: silent,
	dc.JobServiceRunJobProcedure:           done,
	dc.JobServiceSetJobsEnabledProcedure:   done,
	dc.JobServiceStopRunProcedure:          done,
	dc.JobServiceUpdateJobProcedure:        done,
	dc.JobServiceWatchRunProcedure:         silent,

	dc.RecoveryServiceListPlanProcedure:            shown,
	dc.RecoveryServiceListRecoverySourcesProcedure: silent,
	dc.RecoveryServiceStartRecoveryProcedure:       done,
	dc.RecoveryServiceUndoRecoveryProcedure:        done,

	dc.DrillServiceCreateDrillProcedure: done,
	dc.DrillServiceDeleteDrillProcedure: done,
	dc.DrillServiceListDrillsProcedure:  silent,
	dc.DrillServiceRunDrillProcedure:    done,
	dc.DrillServiceUpdateDrillProcedure: done,

	dc.OverviewServiceGetOverviewProcedure:           silent,
	dc.OverviewServiceListCalendarProcedure:          silent,
	dc.OverviewServiceListCertificatesProcedure:      silent,
	dc.OverviewServiceListDaysProcedure:              silent,
	dc.OverviewServiceListGrowthProcedure:            silent,
	dc.OverviewServiceListTroubledMailboxesProcedure: silent,

	dc.MaintenanceServiceGetDirectorBackupProcedure:   silent,
	dc.MaintenanceServiceGetHistoryProcedure:          silent,
	dc.MaintenanceServiceListDirectorBackupsProcedure: silent,
	dc.MaintenanceServiceSetDirectorBackupProcedure:   done,
	dc.MaintenanceServiceSetHistoryProcedure:          done,
	dc.MaintenanceServiceStartDirectorBackupProcedure: done,

	dc.ActivityServiceGetActivityProcedure:    silent,
	dc.ActivityServiceListActivitiesProcedure: silent,
	dc.ActivityServiceStopActivityProcedure:   done,
	dc.ActivityServiceWatchActivityProcedure:  silent,

	dc.NotificationServiceGetNotificationSettingsProcedure:    silent,
	dc.NotificationServiceListDeliveriesProcedure:             silent,
	dc.NotificationServiceRetryDeliveryProcedure:              done,
	dc.NotificationServiceSendTestMailProcedure:               done,
	dc.NotificationServiceSendTestWebhookProcedure:            done,
	dc.NotificationServiceUpdateNotificationSettingsProcedure: done,

	pathAttachment: shown, pathExport: shown, pathMessage: shown, pathPreview: shown, pathAudit: done, pathSupport: done,
}
