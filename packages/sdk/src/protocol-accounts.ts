/** In charge of the shapes of accounts and logging in. */

export interface AccountInfo {
  id: string;
  username: string;
  role: "admin" | "member";
  created_at: string;
}

export interface LoginRequest {
  username: string;
  password: string;
}

export interface LoginResult {
  api_key: string;
  account: AccountInfo;
}
