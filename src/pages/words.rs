//! All that pages say, in each language: a language that lacks a word does not compile.

use super::Language;

/// What pages say in one language.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) languages: &'static str,
    pub(super) to_content: &'static str,
    pub(super) error: &'static str,

    pub(super) log_in: &'static str,
    pub(super) login: &'static str,
    pub(super) password: &'static str,
    pub(super) wrong: &'static str,
    pub(super) login_missing: &'static str,
    pub(super) password_missing: &'static str,
    pub(super) not_admitted: &'static str,
    pub(super) later: &'static str,
    pub(super) unavailable: &'static str,

    pub(super) profile: &'static str,
    pub(super) log_out: &'static str,
    pub(super) sessions: &'static str,
    pub(super) sessions_explained: &'static str,
    pub(super) no_sessions: &'static str,
    pub(super) this_device: &'static str,
    pub(super) unknown_device: &'static str,
    pub(super) address: &'static str,
    pub(super) opened: &'static str,
    pub(super) used: &'static str,
    pub(super) end_session: &'static str,
    pub(super) end_others: &'static str,
    pub(super) session_ended: &'static str,
    pub(super) others_ended: &'static str,

    pub(super) logged_out: &'static str,
    pub(super) logged_out_explained: &'static str,
    pub(super) not_found: &'static str,
    pub(super) not_found_explained: &'static str,
    pub(super) forbidden: &'static str,
    pub(super) forbidden_explained: &'static str,
    pub(super) expired: &'static str,
    pub(super) expired_explained: &'static str,
    pub(super) unreadable: &'static str,
    pub(super) unreadable_explained: &'static str,
    pub(super) too_often: &'static str,
    pub(super) too_often_explained: &'static str,
    pub(super) failed: &'static str,
    pub(super) failed_explained: &'static str,
}

impl Language {
    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::Korean => &KOREAN,
            Self::English => &ENGLISH,
        }
    }
}

const KOREAN: Words = Words {
    languages: "언어",
    to_content: "본문으로 건너뛰기",
    error: "오류",

    log_in: "로그인",
    login: "이메일 또는 아이디",
    password: "비밀번호",
    wrong: "이메일(아이디) 또는 비밀번호가 올바르지 않습니다.",
    login_missing: "이메일 또는 아이디를 입력해 주세요.",
    password_missing: "비밀번호를 입력해 주세요.",
    not_admitted: "이 계정으로는 로그인할 수 없습니다.",
    later: "로그인 시도가 너무 많습니다. 잠시 후 다시 시도해 주세요.",
    unavailable: "지금은 로그인할 수 없습니다. 잠시 후 다시 시도해 주세요.",

    profile: "내 계정",
    log_out: "로그아웃",
    sessions: "로그인된 기기",
    sessions_explained: "모르는 기기가 있다면 로그아웃하고 비밀번호를 변경해 주세요.",
    no_sessions: "로그인된 기기가 없습니다.",
    this_device: "현재 기기",
    unknown_device: "알 수 없는 기기",
    address: "IP 주소",
    opened: "로그인 시각",
    used: "마지막 사용",
    end_session: "이 기기 로그아웃",
    end_others: "다른 모든 기기에서 로그아웃",
    session_ended: "선택한 기기에서 로그아웃했습니다.",
    others_ended: "다른 모든 기기에서 로그아웃했습니다.",

    logged_out: "로그아웃되었습니다",
    logged_out_explained: "이 기기에서 안전하게 로그아웃했습니다.",
    not_found: "페이지를 찾을 수 없습니다",
    not_found_explained: "주소가 정확한지 확인해 주세요.",
    forbidden: "접근 권한이 없습니다",
    forbidden_explained: "이 페이지는 관리자만 볼 수 있습니다.",
    expired: "페이지가 만료되었습니다",
    expired_explained: "페이지를 새로 열고 다시 시도해 주세요.",
    unreadable: "요청을 처리할 수 없습니다",
    unreadable_explained: "입력한 내용을 확인하고 다시 시도해 주세요.",
    too_often: "요청이 너무 많습니다",
    too_often_explained: "잠시 후 다시 시도해 주세요.",
    failed: "문제가 발생했습니다",
    failed_explained: "잠시 후 다시 시도해 주세요.",
};

const ENGLISH: Words = Words {
    languages: "Language",
    to_content: "Skip to content",
    error: "Error",

    log_in: "Log in",
    login: "E-mail or user name",
    password: "Password",
    wrong: "The name or the password is not right.",
    login_missing: "Enter your e-mail or user name.",
    password_missing: "Enter your password.",
    not_admitted: "This account cannot be used to log in.",
    later: "There were too many attempts. Try again in a little while.",
    unavailable: "Logging in is not possible at the moment. Try again in a little while.",

    profile: "My account",
    log_out: "Log out",
    sessions: "Where you are logged in",
    sessions_explained: "If you do not know one of these, end it and change your password.",
    no_sessions: "You are logged in nowhere else.",
    this_device: "This device",
    unknown_device: "Unknown device",
    address: "Address",
    opened: "Logged in",
    used: "Last used",
    end_session: "End this session",
    end_others: "End all other sessions",
    session_ended: "The session was ended.",
    others_ended: "All other sessions were ended.",

    logged_out: "You are logged out",
    logged_out_explained: "Nobody can go on in your name on this device.",
    not_found: "There is no such page",
    not_found_explained: "Check that the address is right.",
    forbidden: "This page is for managers",
    forbidden_explained: "Your account may not see it.",
    expired: "This page has expired",
    expired_explained: "Open it again and try once more.",
    unreadable: "This could not be read",
    unreadable_explained: "Check what you have entered and try again.",
    too_often: "Too many requests",
    too_often_explained: "Try again in a little while.",
    failed: "Something went wrong",
    failed_explained: "Try again in a little while.",
};
