//! What the pages for managers say, in each language.

use super::Language;

/// What they say in one language.
#[derive(Debug)]
pub(super) struct ManagerWords {
    pub(super) members: &'static str,
    pub(super) search: &'static str,
    pub(super) by: &'static str,
    pub(super) id: &'static str,
    pub(super) text: &'static str,
    pub(super) text_explained: &'static str,
    pub(super) found: &'static str,
    pub(super) nobody: &'static str,
    pub(super) login: &'static str,
    pub(super) state: &'static str,
    pub(super) admissible: &'static str,
    pub(super) next: &'static str,
    pub(super) back: &'static str,

    pub(super) details: &'static str,
    pub(super) sessions: &'static str,
    pub(super) no_sessions: &'static str,
    pub(super) acts: &'static str,
    pub(super) no_acts: &'static str,
    pub(super) at: &'static str,
    pub(super) act: &'static str,
    pub(super) manager: &'static str,
    pub(super) reason: &'static str,
    pub(super) reason_explained: &'static str,

    pub(super) block: &'static str,
    pub(super) admit: &'static str,
    pub(super) end_sessions: &'static str,
    pub(super) withdraw: &'static str,
    pub(super) withdraw_explained: &'static str,
    pub(super) confirm_end: &'static str,
    pub(super) confirm_withdraw: &'static str,
    pub(super) is_oneself: &'static str,

    pub(super) act_block: &'static str,
    pub(super) act_admit: &'static str,
    pub(super) act_end_sessions: &'static str,
    pub(super) act_withdraw: &'static str,
    pub(super) act_unknown: &'static str,

    pub(super) blocked: &'static str,
    pub(super) admitted: &'static str,
    pub(super) sessions_ended: &'static str,
    pub(super) withdrawn: &'static str,

    pub(super) reason_missing: &'static str,
    pub(super) reason_too_long: &'static str,
    pub(super) reason_unreadable: &'static str,
    pub(super) unconfirmed: &'static str,
    pub(super) changed: &'static str,
    pub(super) oneself: &'static str,
}

impl Language {
    pub(super) fn manager_words(self) -> &'static ManagerWords {
        match self {
            Self::Korean => &KOREAN,
            Self::English => &ENGLISH,
        }
    }
}

const KOREAN: ManagerWords = ManagerWords {
    members: "회원 관리",
    search: "검색",
    by: "검색 기준",
    id: "회원 번호(ID)",
    text: "검색어",
    text_explained: "입력한 내용으로 시작하는 회원을 찾습니다. 회원 번호는 정확히 일치해야 합니다.",
    found: "검색 결과",
    nobody: "조건에 맞는 회원이 없습니다.",
    login: "로그인 계정",
    state: "상태",
    admissible: "정상",
    next: "다음 목록",
    back: "회원 검색으로 돌아가기",

    details: "회원 정보",
    sessions: "로그인된 기기",
    no_sessions: "로그인된 기기가 없습니다.",
    acts: "관리 기록",
    no_acts: "관리 기록이 없습니다.",
    at: "시각",
    act: "조치",
    manager: "관리자",
    reason: "사유",
    reason_explained: "500자 이내로 입력해 주세요. 관리 기록과 감사 로그에 남습니다.",

    block: "이용 정지",
    admit: "정지 해제",
    end_sessions: "모든 기기에서 로그아웃",
    withdraw: "탈퇴 처리",
    withdraw_explained: "회원이 직접 탈퇴한 것과 같이 처리되며 되돌릴 수 없습니다.",
    confirm_end: "이 회원을 모든 기기에서 로그아웃합니다.",
    confirm_withdraw: "이 회원을 탈퇴 처리합니다.",
    is_oneself: "본인 계정은 정지하거나 탈퇴 처리할 수 없습니다.",

    act_block: "이용 정지",
    act_admit: "정지 해제",
    act_end_sessions: "전체 로그아웃",
    act_withdraw: "탈퇴 처리",
    act_unknown: "기타",

    blocked: "회원을 이용 정지했습니다.",
    admitted: "이용 정지를 해제했습니다.",
    sessions_ended: "모든 기기에서 로그아웃했습니다.",
    withdrawn: "탈퇴 처리했습니다.",

    reason_missing: "사유를 입력해 주세요.",
    reason_too_long: "사유는 500자 이내로 입력해 주세요.",
    reason_unreadable: "사유에 사용할 수 없는 문자가 있습니다.",
    unconfirmed: "확인란을 선택해 주세요.",
    changed: "그사이 회원의 상태가 바뀌었습니다. 현재 상태를 확인하고 다시 시도해 주세요.",
    oneself: "본인 계정에는 할 수 없는 조치입니다.",
};

const ENGLISH: ManagerWords = ManagerWords {
    members: "Members",
    search: "Search",
    by: "Search by",
    id: "ID",
    text: "Search for",
    text_explained: "Finds members whose value begins with this. An ID has to be exact.",
    found: "Found",
    nobody: "No member fits.",
    login: "Logs in with",
    state: "State",
    admissible: "admitted",
    next: "Next",
    back: "Back to the search",

    details: "Details",
    sessions: "Where this member is logged in",
    no_sessions: "The member is logged in nowhere.",
    acts: "What managers have done",
    no_acts: "Nothing was done yet.",
    at: "When",
    act: "What",
    manager: "Manager",
    reason: "Reason",
    reason_explained: "At most 500 characters. It is kept here and in the audit log.",

    block: "Block",
    admit: "Admit again",
    end_sessions: "End all sessions",
    withdraw: "Withdraw",
    withdraw_explained: "As if the member had left by themself. It cannot be undone.",
    confirm_end: "This member is to be logged out everywhere.",
    confirm_withdraw: "This member is to leave.",
    is_oneself: "You cannot block or withdraw yourself.",

    act_block: "Blocked",
    act_admit: "Admitted again",
    act_end_sessions: "Sessions ended",
    act_withdraw: "Withdrawn",
    act_unknown: "Something else",

    blocked: "The member was blocked.",
    admitted: "The member was admitted again.",
    sessions_ended: "All sessions were ended.",
    withdrawn: "The member was withdrawn.",

    reason_missing: "Enter a reason.",
    reason_too_long: "A reason has at most 500 characters.",
    reason_unreadable: "The reason has characters that cannot be kept.",
    unconfirmed: "Tick the box to confirm.",
    changed: "The state of the member has changed meanwhile. Look at it and try again.",
    oneself: "You cannot do this to yourself.",
};
